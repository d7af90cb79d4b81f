"""Peers of fixed size for tests that learn a key: they know from which distribution it is drawn."""

from __future__ import annotations

import itertools

import numpy as np
from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.fixed_size import least_size
from drs_conformance.statistics.tilts import sign_vectors, strength, tilted

__all__ = ["fixed_pairs", "fixed_tilts"]

_SAMPLES = 4000


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

    return least_size(errs_less)
