"""What a design needs: its bounds, its mean, and the observations that suffice for most runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.bounds import wald_bounds

__all__ = ["BATCH_MAX", "POWER", "Drifts", "Plan", "drifts", "plan"]

BATCH_MAX = 32
POWER = 0.98
"""Share of the runs against a target that violates by just the effect that get a verdict."""


@dataclass(frozen=True, slots=True)
class Drifts:
    """Mean and variance of the log likelihood ratio of one observation, in the right direction.

    The means are the divergences, in nats: of the conforming law from the violating one, and the
    reverse.
    """

    conforming: float
    variance_conforming: float
    violating: float
    variance_violating: float

    @classmethod
    def normal(cls, divergence: float) -> Drifts:
        """Two normal laws of equal spread: the variance is twice the divergence."""
        return cls(divergence, 2 * divergence, divergence, 2 * divergence)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a design needs, in observations or, from :meth:`Design.plan`, in requests.

    ``conforming`` and ``violating`` are Wald's bounds on the mean of any test that knows both
    laws; ``expected`` is the mean of this one under a conforming target. ``enough`` is the number
    in which all but a share of runs against a conforming target reach a verdict, and ``POWER`` of
    those against one that violates by the effect.
    """

    conforming: float
    violating: float
    expected: float
    enough: int

    @property
    def batch(self) -> int:
        """Most observations in flight at a time, so that what comes too late costs little."""
        return max(1, min(BATCH_MAX, int(self.conforming / 32)))


def drifts(conforming: Array, violating: Array) -> Drifts:
    """Return the drifts of a simple hypothesis against a simple one."""
    support = (conforming > 0) & (violating > 0)
    log_ratio = np.log(violating[support]) - np.log(conforming[support])
    moments = []
    for law in (conforming[support], violating[support]):
        mean = float((law * log_ratio).sum())
        moments += [abs(mean), float((law * log_ratio**2).sum()) - mean**2]
    return Drifts(*moments)


def plan(
    walk: Drifts, alpha: float, beta: float, undecided: float = 0.02, regret: float = 0.0
) -> Plan:
    """Plan a test with these errors.

    ``undecided`` is the share of runs against a conforming target that may reach no verdict;
    ``regret`` is by how many nats the wealth of a test that learns the alternative falls behind.

    The stopping time of a random walk with drift is inverse Gaussian but for the overshoot, which
    is removed; its mean is the distance of the boundary over the drift.
    """
    to_pass, to_fail = regret - math.log(beta), regret - math.log(alpha)
    expected = to_pass / walk.conforming
    enough = max(
        _quantile(expected, to_pass**2 / walk.variance_conforming, 1 - undecided),
        _quantile(to_fail / walk.violating, to_fail**2 / walk.variance_violating, POWER),
    )
    bounds = wald_bounds(alpha, beta, walk.conforming, walk.violating)
    return Plan(*bounds, max(expected, bounds[0]), math.ceil(enough))


def _quantile(mean: float, shape: float, probability: float) -> float:
    """Return a quantile of the inverse Gaussian distribution, by bisection."""
    low, high = mean, mean
    while _reached(high, mean, shape) < probability:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (low, middle) if _reached(middle, mean, shape) >= probability else (middle, high)
        )
    return high


def _reached(time: float, mean: float, shape: float) -> float:
    root = math.sqrt(shape / time)
    first = _normal(root * (time / mean - 1))
    tail = _normal(-root * (time / mean + 1))
    return first + (math.exp(2 * shape / mean) * tail if tail > 0 else 0.0)


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))
