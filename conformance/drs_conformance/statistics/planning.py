"""What a design needs: its bounds, and the observations that suffice for nearly every run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.bounds import wald_bounds

__all__ = ["Plan", "plan", "plan_drift"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Observations of a simple design.

    ``conforming`` and ``violating`` are Wald's bounds on the mean, ``enough`` is the number in
    which 98 of 100 runs reach a verdict, whichever of the two is true.
    """

    conforming: float
    violating: float
    enough: int


def plan(conforming: Array, violating: Array, alpha: float, beta: float) -> Plan:
    """Plan a simple hypothesis against a simple one.

    The stopping time of a random walk with drift is inverse Gaussian but for the overshoot, which
    is removed; its mean is the distance of the boundary over the drift.
    """
    support = (conforming > 0) & (violating > 0)
    log_ratio = np.log(violating[support]) - np.log(conforming[support])
    means, enough = [], 0
    for law, sign, boundary in (
        (conforming[support], -1.0, -math.log(beta)),
        (violating[support], 1.0, -math.log(alpha)),
    ):
        drift = float((law * log_ratio).sum()) * sign
        variance = float((law * log_ratio**2).sum()) - drift**2
        means.append(drift)
        enough = max(enough, math.ceil(_quantile(boundary / drift, boundary**2 / variance)))
    bounds = wald_bounds(alpha, beta, *means)
    return Plan(*bounds, enough)


def plan_drift(divergence: float, alpha: float, beta: float) -> Plan:
    """Plan where the log likelihood ratio is normal: its variance is twice the divergence, nats."""
    walks = [-math.log(beta), -math.log(alpha)]
    enough = max(
        _quantile(boundary / divergence, boundary**2 / (2 * divergence)) for boundary in walks
    )
    return Plan(*wald_bounds(alpha, beta, divergence, divergence), math.ceil(enough))


def _quantile(mean: float, shape: float, probability: float = 0.98) -> float:
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
