"""What a pass excludes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["CONFIDENCE", "excluded_by", "excluded_rate", "excluded_sentence"]

CONFIDENCE = 0.95


def excluded_rate(trials: int, attempts: int = 1) -> float:
    """Return the rate of violations that ``trials`` probes without one exclude.

    The upper limit of the exact one-sided interval for no success in ``trials`` independent
    trials (Clopper and Pearson 1934): ``1 - 0.05 ** (1 / trials)``. Where the probes could be
    repeated, ``attempts`` share the 5%: then it bounds, over all of them together, how likely a
    higher rate was to pass in one (Bonferroni).
    """
    return float(1 - ((1 - CONFIDENCE) / attempts) ** (1 / trials))


def excluded_sentence(trials: int) -> str:
    """Say in words what a pass over ``trials`` probes excludes."""
    if trials < 2:
        return "a single observation: excludes a fault that shows every time, and no more"
    return (
        f"{trials} probes: excludes violations in more than {_rounded_up(excluded_rate(trials))} "
        f"of such requests, at {CONFIDENCE:.0%} confidence"
    )


def excluded_by(statistics: Mapping[str, Any]) -> str:
    """Say in words what a sequential test that passed excludes."""
    observations = max(process["observations"] for process in statistics["processes"])
    return (
        f"{observations} observations ({statistics['channel']}, against "
        f"{statistics['reference']}): excludes {statistics['effect']}, at "
        f"{1 - statistics['beta']:.0%} confidence"
    )


def _rounded_up(rate: float) -> str:
    """Return a percentage with two significant digits, rounded up so as not to say too much."""
    percent = rate * 100
    places = max(0, 1 - math.floor(math.log10(percent)))
    return f"{math.ceil(percent * 10**places) / 10**places:.{places}f}%"
