"""Tests of fixed size at the same errors: the peers that a sequential test has to beat.

They know what the sequential one knows; what they do not do is look before the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.planning import Drifts, drifts

__all__ = ["binomial", "fixed_normal", "fixed_signs", "fixed_simple", "least_size"]

_NEGLIGIBLE = 1e-9


def fixed_simple(conforming: Array, violating: Array, alpha: float, beta: float) -> int:
    """Return the least sample size at which the most powerful test has these errors.

    Exact for coins by the binomial distribution, by the normal approximation otherwise.
    """
    if len(conforming) == 2:
        p0, p1 = float(conforming[1]), float(violating[1])
        if p1 < p0:
            p0, p1 = 1 - p0, 1 - p1
        return least_size(lambda size: _passed(size, p0, p1, alpha) <= beta)
    return fixed_normal(drifts(conforming, violating), alpha, beta)


def fixed_signs(violating: Array, alpha: float, beta: float) -> int:
    """Return the least number of differences at which a sign test has these errors.

    ``violating`` is the law of a difference of -1, 0 and 1. Nobody knows how many differ, so the
    test counts which way those go that do, a fair coin where the mean is zero (McNemar,
    Psychometrika 12, 1947).
    """
    worse, _, better = violating
    differing = float(worse + better)

    def enough(size: int) -> bool:
        found = 0.0
        for count, likely in enumerate(binomial(size, differing)):
            if likely > _NEGLIGIBLE:
                found += likely * (1 - _passed(count, 0.5, float(worse) / differing, alpha))
        return found >= 1 - beta

    return least_size(enough)


def fixed_normal(walk: Drifts, alpha: float, beta: float) -> int:
    """Return the sample size where the sum of log likelihood ratios is taken for normal."""
    spread = _z(alpha) * math.sqrt(walk.variance_conforming) + _z(beta) * math.sqrt(
        walk.variance_violating
    )
    return math.ceil((spread / (walk.conforming + walk.violating)) ** 2)


def least_size(enough: Callable[[int], bool]) -> int:
    """Return the least size that is ``enough``, to a five-hundredth."""
    low, high = 0, 1
    while not enough(high):
        low, high = high, high * 2
    while high - low > max(1, high // 500):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _passed(size: int, p0: float, p1: float, alpha: float) -> float:
    """Return how often a coin of rate ``p1`` passes the test of ``p0`` against higher rates."""
    above = np.cumsum(binomial(size, p0)[::-1])[::-1]  # P(X >= k)
    critical = int(np.argmax(np.append(above, 0.0) <= alpha))
    return float(binomial(size, p1)[:critical].sum())


def binomial(size: int, rate: float) -> Array:
    """Return the probabilities (size + 1,) of 0 to ``size`` events."""
    k = np.arange(size + 1)
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, size + 1)))))
    log_choose = factorials[size] - factorials[k] - factorials[size - k]
    result: Array = np.exp(log_choose + k * math.log(rate) + (size - k) * math.log1p(-rate))
    return result


def _z(tail: float) -> float:
    low, high = 0.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 * math.erfc(middle / 2**0.5) > tail else (low, middle)
    return low
