"""Sample multipliers: how many more answers a student needs for the same score.

Efficacy depends on the number of samples so strongly that a score at one number misleads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Multiplier", "multiplier", "samples_needed"]

Arms = Mapping[int, Sequence[float]]
"""Scores of all seeds by the number of samples."""
_BOOTSTRAPS = 1000


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A factor with its 95% interval; a lower bound where ``beyond_measured``."""

    estimate: float
    low: float
    high: float
    beyond_measured: bool


def samples_needed(curve: Sequence[tuple[int, float]], score: float) -> float:
    """Samples after which a learning curve reaches a score, linear in the logarithm of samples.

    A curve that falls is taken to stay where it was. Below its first point and above its last one
    the answer is that point.
    """
    samples = np.log([number for number, _ in curve])
    scores = np.maximum.accumulate([value for _, value in curve])
    scores = scores + np.arange(len(scores)) * 1e-9
    return float(np.exp(np.interp(score, scores, samples)))


def multiplier(undefended: Arms, defended: Arms, questions: int, seed: int = 0) -> Multiplier:
    """Samples of the largest defended arm, over those that reach its score without the mechanism.

    A score that lies below the whole undefended curve gives a lower bound. The interval is a
    bootstrap over seeds and over the ``questions`` that each score is a share of.
    """
    samples = max(defended)
    first = min(undefended)

    def factor(of: Arms, score: float) -> float:
        curve = [(number, float(np.mean(of[number]))) for number in sorted(of)]
        return samples / samples_needed(curve, score)

    score = float(np.mean(defended[samples]))
    random = np.random.default_rng(seed)

    def again(scores: Sequence[float]) -> list[float]:
        drawn = random.choice(np.asarray(scores), len(scores))
        return list(random.binomial(questions, drawn) / questions)

    found = [
        factor(
            {number: again(scores) for number, scores in undefended.items()},
            float(np.mean(again(defended[samples]))),
        )
        for _ in range(_BOOTSTRAPS)
    ]
    low, high = np.percentile(found, (2.5, 97.5))
    beyond = score <= float(np.mean(undefended[first]))
    return Multiplier(factor(undefended, score), float(low), float(high), beyond)
