"""Overshoot removal: what an e-process would waste above its boundary is put to use before.

Fischer and Ramdas, "Improving Wald's (approximate) sequential probability ratio test by avoiding
overshoot", arXiv:2410.16076: a factor L that may lift the wealth M above the boundary 1/alpha is
replaced by min(b L, 1 / (alpha M)), with the greatest b that keeps its expectation at 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "boost"]

Array = NDArray[np.float64]


def boost(log_factors: Array, probabilities: Array, log_room: Array) -> Array:
    """Return log b for each entry of ``log_room``; the factor in use is min(b L, c).

    ``log_factors`` and ``probabilities`` have one entry for each value that an observation may
    take, under the hypothesis that the process tests: shape (values,), or (len(log_room), values)
    where runs differ. ``log_room`` is log c, the log of the boundary over the wealth so far,
    above 0.

    E min(b L, c) is piecewise linear in b: with the j greatest values capped, b solves
    b * below[j] + c * capped[j] = 1, and j is the first for which the next value stays below the
    cap.
    """
    factors, law = np.atleast_2d(log_factors), np.atleast_2d(probabilities)
    possible = (law > 0) & (factors > -np.inf)
    log_l, p = np.where(possible, factors, -np.inf), np.where(possible, law, 0.0)
    uncapped = -np.log((p * np.exp(log_l)).sum(axis=1))
    near = np.flatnonzero(uncapped + log_l.max(axis=1) > log_room + 1e-12)
    result: Array = np.broadcast_to(uncapped, log_room.shape).copy()
    if len(near):
        rows = near if len(log_l) > 1 else slice(None)
        result[near] = _capped(log_l[rows], p[rows], log_room[near])
    return result


def _capped(log_l: Array, p: Array, log_room: Array) -> Array:
    """Solve for log b where at least one value is capped; impossible ones have p = L = 0."""
    order = np.argsort(-log_l, axis=1, kind="stable")
    log_l, p = np.take_along_axis(log_l, order, axis=1), np.take_along_axis(p, order, axis=1)
    below = np.cumsum((p * np.exp(log_l))[:, ::-1], axis=1)[:, ::-1]
    capped = np.cumsum(p, axis=1) - p
    left = 1 - np.exp(log_room)[:, None] * capped
    with np.errstate(divide="ignore", invalid="ignore"):
        log_b = np.where(left > 0, np.log(left) - np.log(below), np.inf)
        fits = (log_b + log_l <= log_room[:, None] + 1e-12) & (log_l > -np.inf)
    # Where none fits, every positive factor is capped and the expectation is still below 1.
    least = np.where(log_l > -np.inf, log_l, np.inf).min(axis=1)
    first = np.argmax(fits, axis=1)
    result: Array = np.where(
        fits.any(axis=1), log_b[np.arange(len(log_room)), first], log_room - least
    )
    return result
