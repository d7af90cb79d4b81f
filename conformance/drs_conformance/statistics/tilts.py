"""Hidden tilts: a distribution whose possible values are raised or lowered by a key nobody knows.

Under a tilt of strength d a value i with probability p_i gets the probability q_i proportional to
p_i exp(d s_i), with signs s_i in {-1, 1} that a key draws anew for each context (prompt, position).
The average over all keys is a Bayes factor against p; beta is then an average over keys (method of
mixtures: Robbins, Ann. Math. Statist. 41, 1970). A watermark that raises half of the vocabulary is
such a tilt (Kirchenbauer et al., arXiv:2301.10226).
"""

from __future__ import annotations

import itertools

import numpy as np

from drs_conformance.statistics.boosting import Array

__all__ = ["PairedTilt", "Tilt", "sign_vectors", "strength", "tilted"]


class _Keyed:
    """Which keys are how likely in one context, before and after what was seen there."""

    def __init__(self, values: int, strength: float) -> None:
        self._signs = sign_vectors(values)
        self._strength = strength
        self._log_weight = np.zeros(len(self._signs))

    def _weights(self) -> Array:
        weights = np.exp(self._log_weight - self._log_weight.max())
        result: Array = weights / weights.sum()
        return result


class Tilt(_Keyed):
    """What is known of the key in one context whose distribution is known.

    ``values`` is the number of values that are told apart, ten at most; ``predicted`` is a law of
    its own, so the pair (``p``, ``predicted``) is a simple hypothesis against a simple one.
    """

    def predicted(self, p: Array) -> Array:
        """Return the law (values,) of the next value, averaged over keys as they are known now."""
        result: Array = self._weights() @ tilted(p, self._signs, self._strength)
        return result

    def learn(self, p: Array, value: int) -> None:
        """Take in a value that was drawn where ``p`` (values,) was the law without a tilt."""
        if p[value] > 0:
            law = tilted(p, self._signs, self._strength)
            self._log_weight = self._log_weight + np.log(law[:, value] / p[value])


class PairedTilt(_Keyed):
    """What is known of the key in one context whose distribution nobody knows.

    Of two values, one drawn with the tilt and one without, only the order is looked at: without a
    tilt it is a fair coin whatever the distribution is, with one it is the value of sign s first
    with probability 1 / (1 + exp(d (s' - s))). (Conditioning on the unordered pair; Bradley and
    Terry, Biometrika 39, 1952.)
    """

    def predicted(self, suspected: int, other: int) -> float:
        """Return the probability that it is ``suspected`` that came with the tilt."""
        return float((self._weights() * self._likely(suspected, other)).sum())

    def learn(self, suspected: int, other: int) -> None:
        """Take in a pair of values."""
        self._log_weight = self._log_weight + np.log(2 * self._likely(suspected, other))

    def _likely(self, suspected: int, other: int) -> Array:
        apart = self._signs[:, suspected] - self._signs[:, other]
        result: Array = 1 / (1 + np.exp(-self._strength * apart))
        return result


def strength(divergence: float, p: Array) -> float:
    """Return the strength whose divergence from ``p`` is ``divergence`` nats on average over keys.

    ``inf`` where no strength reaches it: a value that is nearly certain cannot be tilted.
    """
    signs = sign_vectors(len(p))
    low, high = 0.0, 32.0

    def average(d: float) -> float:
        law = tilted(p, signs, d)
        possible = p > 0
        ratio = np.log(law[:, possible] / p[possible])
        return float((law[:, possible] * ratio).sum(axis=1).mean())

    if average(high) < divergence:
        return float("inf")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if average(middle) < divergence else (low, middle)
    return high


def tilted(p: Array, signs: Array, strength: float) -> Array:
    """Return the law under each key, shape (keys, values)."""
    raised = p * np.exp(strength * signs)
    result: Array = raised / raised.sum(axis=1, keepdims=True)
    return result


def sign_vectors(values: int) -> Array:
    """Return every sign vector but the two that change nothing, shape (keys, values)."""
    signs: Array = np.array(list(itertools.product((-1.0, 1.0), repeat=values)))
    changing: Array = signs[np.abs(signs.sum(axis=1)) < values]
    return changing
