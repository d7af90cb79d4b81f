"""Factors of the processes that are not simple against simple. All return natural logarithms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drs_conformance.statistics.boosting import Array

__all__ = ["Betting", "Mixture", "TwoSample", "log_scale_ratio"]

_LEAST_STAKE = 0.35
"""Part of the usual stake below which a bet costs more time than it saves, by simulation."""


class Mixture:
    """The average of likelihood ratios over alternatives of which nobody knows the true one.

    With components for the signs or keys of a hidden tilt the average is a Bayes factor, and its
    reciprocal an e-process for "a key drawn like these is in use"; beta is then an average over
    keys. With components for strengths from the design's effect upwards, the reciprocal of the
    weakest component stands against the alternative instead (``against=index``), which is valid
    for stronger ones where the likelihood ratio is monotone. (Method of mixtures: Robbins, Ann.
    Math. Statist. 41, 1970.)
    """

    def __init__(self, weights: Array, against: int | None = None) -> None:
        self._log_wealth = np.log(weights / weights.sum())
        self._total = 0.0
        self._against = against

    def factors(self, log_ratios: Array) -> tuple[float, float]:
        """Take in log likelihood ratios by component; return both log factors."""
        self._log_wealth = self._log_wealth + log_ratios
        total = float(np.logaddexp.reduce(self._log_wealth))
        fail, self._total = total - self._total, total
        return fail, -fail if self._against is None else -float(log_ratios[self._against])


@dataclass(frozen=True, slots=True)
class Betting:
    """Bets on the mean of a bounded difference D in [-1, 1]: account minus reference.

    FAIL bets against E D >= 0 with factors 1 - fail * D, PASS against E D <= -effect with factors
    1 + success * (D + effect). The fractions are those that grow fastest when D has the variance
    of the design (Waudby-Smith and Ramdas, J. R. Statist. Soc. B 86, 2024). Close to a boundary
    less is staked where a win then just reaches it: what a greater one brings beyond is wasted.
    """

    effect: float
    fail: float
    success: float

    @classmethod
    def planned(cls, effect: float, discordant: float) -> Betting:
        """Choose the fractions for D in {-1, 0, 1} with D = 0 in all but ``discordant`` of cases.

        ``discordant`` is the share of pairs that differ at all, at least ``effect``.
        """
        values = np.array([-1.0, 0.0, 1.0])

        def law(mean: float) -> Array:
            return np.array([(discordant - mean) / 2, 1 - discordant, (discordant + mean) / 2])

        return cls(
            effect,
            _fraction(-values, law(-effect), 1.0),
            _fraction(values + effect, law(0.0), 1 / (1 - effect)),
        )

    def factors(
        self, differences: Array, room_fail: Array, room_pass: Array
    ) -> tuple[Array, Array]:
        """Return both log factors of the difference (runs,) of each run.

        ``room_fail`` and ``room_pass`` (runs,) are the logs of boundary over wealth of each.

        Raises:
            ValueError: a difference is not in [-1, 1].

        """
        outside = differences[~(np.abs(differences) <= 1)]
        if len(outside):
            raise ValueError(f"expected a difference from -1 to 1, got {outside[0]:g}")
        most = 1 + self.effect
        fail, success = _stake(self.fail, room_fail), _stake(self.success, room_pass, most)
        return np.log1p(-fail * differences), np.log1p(success * (differences + self.effect))


class TwoSample:
    """Whether two accounts answer from one distribution over finitely many values.

    Each block holds ``size`` values of either account. Both predictive distributions are learnt
    from past blocks only; the null's is their mean, and the product of likelihood ratios over a
    block is an e-value for equality, whatever the common distribution is (Turner, Ly, Grunwald,
    "Generic e-variables for exact sequential k-sample tests", 2024).
    """

    def __init__(self, values: int, size: int, prior: float = 0.5) -> None:
        self._counts = np.full((2, values), prior)
        self._size = size

    def log_factor(self, first: Array, second: Array) -> float:
        """Take in the counts of one block by value; return the log of its factor.

        Raises:
            ValueError: an account has not ``size`` values in the block.

        """
        block = np.stack([first, second])
        if np.any(block.sum(axis=1) != self._size):
            got = block.sum(axis=1).astype(int).tolist()
            raise ValueError(f"expected {self._size} values of either account, got {got}")
        predicted = self._counts / self._counts.sum(axis=1, keepdims=True)
        log_factor = float((block * np.log(predicted / predicted.mean(axis=0))).sum())
        self._counts = self._counts + block
        return log_factor


def log_scale_ratio(standardised: Array, ratio: float) -> float:
    """Return the log likelihood ratio of N(0, ``ratio``) to N(0, 1) for independent values.

    With returned log-probabilities, ``standardised`` holds differences between accounts over the
    noise that repeated requests of one account show; ``ratio`` is 1 + (effect / noise)^2.
    """
    count, square = len(standardised), float((standardised**2).sum())
    return 0.5 * (square * (1 - 1 / ratio) - count * math.log(ratio))


def _stake(usual: float, log_room: Array, win: float = 1.0) -> Array:
    """Return the fraction with which a win reaches the boundary, if it is a fair part of usual."""
    enough = np.expm1(log_room) / win
    stake: Array = np.where((enough >= _LEAST_STAKE * usual) & (enough < usual), enough, usual)
    return stake


def _fraction(gains: Array, law: Array, most: float) -> float:
    """Return the fraction below ``most`` that maximises the expected log of 1 + fraction * gain."""
    low, high = 0.0, most * (1 - 1e-9)
    for _ in range(200):
        middle = (low + high) / 2
        slope = float((law * gains / (1 + middle * gains)).sum())
        low, high = (middle, high) if slope > 0 else (low, middle)
    return low
