"""The operating characteristic of a design: how often it fails or passes a target, by effect.

The log likelihood ratio is taken for a Brownian motion between the two boundaries. Its ratio of
drift to variance is the one that gives the probabilities of Wald's approximation (Ann. Math.
Statist. 16, 1945), so that they are those of the design at its two hypotheses; the overshoot that
the approximation leaves out is removed from the test. What is undecided at the cap follows from the
series for the time of exit (Darling and Siegert, Ann. Math. Statist. 24, 1953).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.designs import Design

__all__ = ["Point", "operating"]

_STEPS = 16
_BEYOND = 2.0
"""Effects up to this multiple of the design's are shown."""


@dataclass(frozen=True, slots=True)
class Point:
    """At a target with this ``effect``: the probabilities of FAIL and of PASS within the cap."""

    effect: float
    fails: float
    passes: float


def operating(design: Design, alpha: float) -> list[Point]:
    """Return points from no effect to twice the design's; ``alpha`` is that of one process.

    The effect of a design of the kind `rate` is the rate itself.
    """
    multiples = [_BEYOND * step / _STEPS for step in range(_STEPS + 1)]
    return [point for m in multiples if (point := _point(design, alpha, m)) is not None]


def _point(design: Design, alpha: float, multiple: float) -> Point | None:
    members = design.members
    laws = design.laws()
    if laws is None:
        # Two normal laws a distance d apart, and a target at a multiple of it.
        drift = design.drifts().conforming
        mean, variance = 2 * drift * (multiple - 0.5), 2 * drift
        exponent = 1 - 2 * multiple
        divergence = members["kind"] == "divergence"
        effect = members["effect"] * (multiple**2 if divergence else multiple)
    else:
        true = _true(design, multiple)
        if true is None:
            return None
        effect, law = true
        ratio = np.log(laws[1]) - np.log(laws[0])
        mean = float(law @ ratio)
        variance = float(law @ ratio**2) - mean**2
        exponent = _conjugate(law, ratio, mean)
    if abs(exponent) > 1e-6:
        variance = -2 * mean / exponent
    up, down = -math.log(alpha), -math.log(design.beta)
    cost, regret = float(members.get("cost", 1)), float(members.get("regret", 0))
    # A test that learns the alternative has as much less time as it takes longer.
    times = [design.observations / cost * wall / (wall + regret) for wall in (up, down)]
    fails = _exit(mean, variance, up, down, times[0])
    passes = _exit(-mean, variance, down, up, times[1])
    return Point(effect, min(max(fails, 0.0), 1.0), min(max(passes, 0.0), 1.0))


def _true(design: Design, multiple: float) -> tuple[float, Array] | None:
    """Return the effect and the law of an observation; None where there is no such law."""
    members = design.members
    if members["kind"] == "rate":
        low, high = members["conforming"], members["violating"]
        rate = low + multiple * (high - low)
        return (rate, np.array([1 - rate, rate])) if 0 < rate < 1 else None
    drop, share = multiple * members["effect"], members["discordant"]
    if drop >= share:
        return None
    return drop, np.array([(share + drop) / 2, 1 - share, (share - drop) / 2])


def _conjugate(law: Array, ratio: Array, mean: float) -> float:
    """Return h other than 0 with E exp(h * ratio) = 1; 0 where the mean is."""
    if abs(mean) < 1e-12:
        return 0.0

    def excess(h: float) -> float:
        return float(law @ np.exp(h * ratio)) - 1

    return _zero(excess, -1.0 if mean > 0 else 1.0)


def _zero(excess: Callable[[float], float], far: float) -> float:
    """Return the zero of a convex function that is 0 at 0 and falls towards ``far`` at first."""
    while excess(far) <= 0:
        if abs(far) > 1e6:
            return far
        far *= 2
    near = 0.0
    for _ in range(100):
        middle = (near + far) / 2
        # Below its zero the function is negative, as it falls from 0.
        near, far = (middle, far) if excess(middle) <= 0 else (near, middle)
    return (near + far) / 2


def _exit(mean: float, variance: float, up: float, down: float, time: float) -> float:
    """Return the probability to reach ``up`` before ``-down`` and within ``time``."""
    tilt, length = mean / variance, up + down
    ever = (
        down / length
        if abs(tilt) * length < 1e-9
        else _expm1_ratio(2 * tilt * down, 2 * tilt * length) * math.exp(2 * tilt * up)
        if tilt < 0
        else math.expm1(-2 * tilt * down) / math.expm1(-2 * tilt * length)
    )
    late = 0.0
    for n in range(1, 400):
        rate = mean * tilt / 2 + (n * math.pi / length) ** 2 * variance / 2
        exponent = tilt * up - rate * time
        if exponent < -60 and n > 1:
            break
        sign = 1 if n % 2 else -1
        late += sign * n * math.sin(n * math.pi * down / length) * math.exp(exponent) / rate
    return ever - math.pi * variance / length**2 * late


def _expm1_ratio(part: float, whole: float) -> float:
    """Return (1 - e^part) / (1 - e^whole) for negative numbers."""
    return math.expm1(part) / math.expm1(whole)
