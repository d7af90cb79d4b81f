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
    take, under the hypothesis that the process tests: shape (values,), or (len(log_room), values)
    where runs differ. ``log_room`` is the log of the boundary over the wealth so far, above 0.
    Shape of the result: (len(log_room), values).

    With c = exp(log_room), E min(b L, c) is piecewise linear in b: with the j greatest values
    capped, b solves b * below[j] + c * capped[j] = 1, and j is the first for which the next value
    stays below the cap.
    """
    factors, law = np.atleast_2d(log_factors), np.atleast_2d(probabilities)
    possible = (law > 0) & (factors > -np.inf)
    order = np.argsort(np.where(possible, -factors, np.inf), axis=1, kind="stable")
    log_l = np.take_along_axis(np.where(possible, factors, -np.inf), order, axis=1)
    p = np.take_along_axis(np.where(possible, law, 0.0), order, axis=1)
    below = np.cumsum((p * np.exp(log_l))[:, ::-1], axis=1)[:, ::-1]
    capped = np.cumsum(p, axis=1) - p
    left = 1 - np.exp(log_room)[:, None] * capped
    with np.errstate(divide="ignore", invalid="ignore"):
        log_b = np.where(left > 0, np.log(left) - np.log(below), np.inf)
        fits = (log_b + log_l <= log_room[:, None] + 1e-12) & (log_l > -np.inf)
    # Where none fits, every positive factor is capped and the expectation is still below 1.
    least = np.where(possible, factors, np.inf).min(axis=1)
    first = np.argmax(fits, axis=1)
    chosen = np.where(fits.any(axis=1), log_b[np.arange(len(log_room)), first], log_room - least)
    result: Array = np.minimum(factors + chosen[:, None], log_room[:, None])
    return result
