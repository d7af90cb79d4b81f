"""The rank of a matrix of which only rounded values are known.

Logits are a matrix of the size (tokens, hidden) times a hidden state, so those of any prompts and
tokens span no more than the hidden size (Carlini et al. 2024, arXiv:2403.06634; Finlayson et al.
2024, arXiv:2403.09539). Taking means out of rows and columns takes with them what a softmax adds
to a prompt and a bias adds to a token.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["SPARE", "rank_of_rounded"]

SPARE = 2
"""Directions of nothing but rounding that must be seen beside the others."""
_GAP = 100.0
"""How far above rounding the weakest direction must stand: spectra that fade leave no such gap."""

Floats = NDArray[np.float64]


def rank_of_rounded(values: Floats, step: float) -> int | None:
    """Return the rank of logits (prompts, tokens), each known to a constant per row and column.

    ``step`` is the grid to which the values were rounded. None when they do not tell: when fewer
    than `SPARE` singular values are left for rounding, or no gap parts it from the others.
    """
    kept = _distinct(_distinct(values, step).T, step).T
    rows, columns = kept.shape
    spectrum = np.linalg.svd(_centred(kept), compute_uv=False)
    # Largest singular value of independent rounding errors, whose deviation is step / sqrt(12).
    noise = step / math.sqrt(12) * (math.sqrt(rows) + math.sqrt(columns))
    rank = int((spectrum > 2 * noise).sum())
    spare = min(rows, columns) - 1 - rank
    if rank == 0 or spare < SPARE or spectrum[rank - 1] < _GAP * noise:
        return None
    return rank


def _distinct(values: Floats, step: float) -> Floats:
    """Leave out rows that repeat another: each would pass for a direction without content."""
    kept: list[int] = []
    centred = values - values.mean(axis=1, keepdims=True)
    for row in range(len(values)):
        if all(np.abs(centred[row] - centred[other]).max() > 2 * step for other in kept):
            kept.append(row)
    return values[kept]


def _centred(values: Floats) -> Floats:
    centred: Floats = values - values.mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    return centred
