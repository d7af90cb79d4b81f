"""Overshoot removal: what an e-process would waste above its boundary is put to use before.

Fischer and Ramdas, "Improving Wald's (approximate) sequential probability ratio test by avoiding
overshoot", arXiv:2410.16076: a factor L that may lift the wealth M above the boundary 1/alpha is
replaced by min(b L, 1 / (alpha M)), with the greatest b that keeps its expectation at 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "boosted"]

Array = NDArray[np.float64]


def boosted(log_factors: Array, probabilities: Array, log_room: Array) -> Array:
    """Return the logs of the factors in use, one row for each entry of ``log_room``.

    ``log_factors`` and ``probabilities`` have one entry for each value that an observation may
    take, under the hypothesis that the process tests; ``log_room`` is the log of the boundary over
    the wealth so far, above 0. Shape of the result: (len(log_room), len(log_factors)).

    With c = exp(log_room), E min(b L, c) is piecewise linear in b: with the j greatest values
    capped, b solves b * below[j] + c * capped[j] = 1, and j is the first for which the next value
    stays below the cap.
    """
    possible = np.flatnonzero((probabilities > 0) & (log_factors > -np.inf))
    order = possible[np.argsort(-log_factors[possible], kind="stable")]
    log_l, p = log_factors[order], probabilities[order]
    below = np.cumsum((p * np.exp(log_l))[::-1])[::-1]
    capped = np.concatenate(([0.0], np.cumsum(p)[:-1]))
    left = 1 - np.exp(log_room)[:, None] * capped
    with np.errstate(divide="ignore", invalid="ignore"):
        log_b = np.where(left > 0, np.log(left) - np.log(below), np.inf)
    fits = log_b + log_l <= log_room[:, None] + 1e-12
    # Where none fits, every positive factor is capped and the expectation is still below 1.
    everything = log_room - log_l[-1]
    first = np.argmax(fits, axis=1)
    chosen = np.where(fits.any(axis=1), log_b[np.arange(len(log_room)), first], everything)
    result: Array = np.minimum(log_factors + chosen[:, None], log_room[:, None])
    return result
