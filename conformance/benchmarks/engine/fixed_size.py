"""Tests of fixed size at the same errors: the peers that a sequential test has to beat.

Each peer knows at least as much as our test does: both laws where these are known, and else the
distribution of the key. What it does not do is look before the end.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.planning import Drifts, drifts
from drs_conformance.statistics.tilts import sign_vectors, strength, tilted

__all__ = ["fixed_coin", "fixed_normal", "fixed_pairs", "fixed_simple", "fixed_tilts"]

_SAMPLES = 4000


def fixed_simple(conforming: Array, violating: Array, alpha: float, beta: float) -> int:
    """Return the least sample size at which the most powerful test has these errors.

    Exact for coins by the binomial distribution, by the normal approximation otherwise.
    """
    if len(conforming) == 2:
        return fixed_coin(float(conforming[1]), float(violating[1]), alpha, beta)
    return fixed_normal(drifts(conforming, violating), alpha, beta)


def fixed_normal(walk: Drifts, alpha: float, beta: float) -> int:
    """Return the sample size where the sum of log likelihood ratios is taken for normal."""
    spread = _z(alpha) * math.sqrt(walk.variance_conforming) + _z(beta) * math.sqrt(
        walk.variance_violating
    )
    return math.ceil((spread / (walk.conforming + walk.violating)) ** 2)


def fixed_coin(p0: float, p1: float, alpha: float, beta: float) -> int:
    """Return the least number of throws; not randomised."""
    if p1 < p0:
        p0, p1 = 1 - p0, 1 - p1
    return _least(lambda size: _binomial_errs_less(size, p0, p1, alpha, beta))


def fixed_tilts(
    contexts: Array, effect: float, alpha: float, beta: float, generator: np.random.Generator
) -> int:
    """Return the number of answers that the Bayes factor of random keys needs.

    It is the most powerful test against the average over keys. ``contexts`` (contexts, values).
    """
    signs = sign_vectors(contexts.shape[1])
    keyed = [tilted(p, signs, strength(effect, p)) for p in contexts]
    ratios = [np.log(q / p) for q, p in zip(keyed, contexts, strict=True)]
    return _fixed_mixture(keyed, ratios, alpha, beta, generator)


def fixed_pairs(
    contexts: Array, tilt: float, alpha: float, beta: float, generator: np.random.Generator
) -> int:
    """Return the number of pairs that the Bayes factor of their orders needs."""
    signs = sign_vectors(contexts.shape[1])
    one, other = np.array(list(itertools.product(range(contexts.shape[1]), repeat=2))).T
    ratio = np.log(2 / (1 + np.exp(-tilt * (signs[:, one] - signs[:, other]))))
    laws = []
    for p in contexts:
        raised = p * np.exp(tilt * signs)
        laws.append((raised / raised.sum(axis=1, keepdims=True))[:, one] * p[other])
    return _fixed_mixture(laws, [ratio] * len(laws), alpha, beta, generator)


def _fixed_mixture(
    laws: list[Array],
    ratios: list[Array],
    alpha: float,
    beta: float,
    generator: np.random.Generator,
) -> int:
    """``laws`` and ``ratios`` have shape (keys, values), one of each for every context.

    Samples are drawn under random keys; weighted by the reciprocal Bayes factor they say how often
    it exceeds a bound where nothing is tilted.
    """

    def errs_less(size: int) -> bool:
        total = np.zeros(_SAMPLES)
        for law, ratio in zip(laws, ratios, strict=True):
            keys = generator.integers(len(law), size=_SAMPLES)
            counts = generator.multinomial(max(1, size // len(laws)), law[keys])
            log_ratios = counts @ ratio.T
            top = log_ratios.max(axis=1)
            total += top + np.log(np.exp(log_ratios - top[:, None]).mean(axis=1))
        critical = np.quantile(total, beta)
        return bool((np.exp(-total) * (total >= critical)).mean() <= alpha)

    return _least(errs_less)


def _least(enough: Callable[[int], bool]) -> int:
    low, high = 0, 1
    while not enough(high):
        low, high = high, high * 2
    while high - low > max(1, high // 500):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _binomial_errs_less(size: int, p0: float, p1: float, alpha: float, beta: float) -> bool:
    above = np.cumsum(_binomial(size, p0)[::-1])[::-1]  # P(X >= k)
    critical = int(np.argmax(np.append(above, 0.0) <= alpha))
    return bool(_binomial(size, p1)[:critical].sum() <= beta)


def _binomial(size: int, rate: float) -> Array:
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
