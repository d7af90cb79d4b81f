"""Designs whose likelihoods are known, beside Wald's bounds and tests of fixed size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.fixed_size import binomial, fixed_signs, fixed_simple
from drs_conformance.statistics.planning import Plan, drifts, plan
from drs_conformance.statistics.processes import Betting
from drs_conformance.statistics.simulation import Outcomes, Simple, Walk, simulate
from drs_conformance.statistics.walks import Bets

__all__ = ["ALPHA", "BETA", "DESIGNS", "UTILITY", "coin", "difference", "goals", "row", "rows"]

ALPHA, BETA = 0.01, 0.05
NIGHTLY = 0.01 / 365 / 8
"""A year's 1% over its nights and the eight designs of this table."""

IN_BATCHES_OF_32 = 1.15

UTILITY = "utility 0 / -.03, by betting"
_DIFFERENCES = np.array([-1.0, 0.0, 1.0])


def coin(rate: float) -> Array:
    """Return the law of a coin: no, yes."""
    return np.array([1 - rate, rate])


def difference(mean: float, discordant: float) -> Array:
    """Return the law of a difference of -1, 0 or 1."""
    return np.array([(discordant - mean) / 2, 1 - discordant, (discordant + mean) / 2])


def _temperature(values: int, shift: float) -> tuple[Array, Array]:
    """Return a Zipf law over ``values`` tokens, and it at a temperature higher by ``shift``."""
    weights = 1 / np.arange(1, values + 1)
    hotter = weights ** (1 / (1 + shift))
    return weights / weights.sum(), hotter / hotter.sum()


def _tilt(divergence: float) -> tuple[Array, Array]:
    """Return two laws of which the second lies ``divergence`` nats from the first."""
    half = math.sqrt(divergence / 2)
    return np.array([0.5, 0.5]), np.array([0.5 - half, 0.5 + half])


DESIGNS: dict[str, tuple[Array, Array]] = {
    "tilt of .01 nats": _tilt(0.01),
    "temperature +5%, 50 tokens": _temperature(50, 0.05),
    "single-response advantage .05 / .10": (coin(0.525), coin(0.55)),
    "benign accounts .001 / .01": (coin(0.001), coin(0.01)),
    "campaigns .95 / .80": (coin(0.95), coin(0.80)),
    "latency .01 / .03": (coin(0.01), coin(0.03)),
    "utility 0 / -.03, known variance": (difference(0.0, 0.1), difference(-0.03, 0.1)),
    UTILITY: (difference(0.0, 0.1), difference(-0.03, 0.1)),
}


def goals(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the most that figures of a design may be, as a multiple of Wald's bound.

    What no test can reach is no goal.
    """
    most = {"ratio_conforming": 1.05, "ratio_violating": 1.15}
    if row["design"] == UTILITY:
        most["ratio_conforming"] = 1.15
    if row["least_batch_32"] <= IN_BATCHES_OF_32:
        most["ratio_batch_32"] = IN_BATCHES_OF_32
    return most


def rows(runs: int, generator: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Measure every design with ``runs`` simulations a cell."""
    for name in DESIGNS:
        yield row(name, runs, generator)


def row(name: str, runs: int, generator: np.random.Generator) -> dict[str, Any]:
    """Measure one design."""
    conforming, violating = laws = DESIGNS[name]
    planned = plan(drifts(*laws), ALPHA, BETA)
    cap = 4 * planned.enough

    def run(drawn: Array, alpha: float, cap: int, wanted: Array | None = None) -> Outcomes:
        return simulate(_walk(name, drawn, wanted), alpha, BETA, cap, runs, generator)

    right, wrong = run(conforming, ALPHA, cap), run(violating, ALPHA, cap)
    night = run(conforming, NIGHTLY, cap)
    rare = run(violating, NIGHTLY, 20 * cap, wanted=conforming)
    nightly_false_fail, error = rare.rate(rare.failed)
    return {
        "design": name,
        "fixed": _fixed(name, ALPHA),
        "wald_conforming": planned.conforming,
        "wald_violating": planned.violating,
        "ratio_conforming": float(right.observations.mean()) / planned.conforming,
        "ratio_error": _error(right, wrong, planned),
        "ratio_violating": float(wrong.observations.mean()) / planned.violating,
        "batch": planned.batch,
        "ratio_batch": _in_batches(right, planned.batch) / planned.conforming,
        "ratio_batch_32": _in_batches(right, 32) / planned.conforming,
        "least_batch_32": _least_in_batches(*laws, 32) / planned.conforming,
        "false_fail": float(right.failed.mean()),
        "false_pass": float(wrong.passed.mean()),
        "nightly_fixed": _fixed(name, NIGHTLY),
        "nightly_mean": float(night.observations.mean()),
        "nightly_alpha": NIGHTLY,
        "nightly_false_fail": nightly_false_fail,
        "nightly_false_fail_error": error,
    }


def _walk(name: str, drawn: Array, wanted: Array | None) -> Walk:
    if name == UTILITY:
        return Bets(Betting.planned(0.03, 0.1), _DIFFERENCES, drawn, wanted)
    return Simple(*DESIGNS[name], drawn, wanted)


def _error(right: Outcomes, wrong: Outcomes, planned: Plan) -> float:
    """Return the standard error of the ratio that is known less exactly."""
    pairs = ((right, planned.conforming), (wrong, planned.violating))
    return max(
        float(outcomes.observations.std()) / math.sqrt(len(outcomes.observations)) / bound
        for outcomes, bound in pairs
    )


def _fixed(name: str, alpha: float) -> int:
    laws = DESIGNS[name]
    return (
        fixed_signs(laws[1], alpha, BETA) if name == UTILITY else fixed_simple(*laws, alpha, BETA)
    )


def _least_in_batches(conforming: Array, violating: Array, size: int) -> float:
    """Return a mean that no test undercuts which looks after every ``size`` observations only.

    After the first batch it passes no more often than the most powerful test does that passes a
    violating target as often as beta allows, and fails no more often than alpha; otherwise a
    second batch follows. For designs of a coin; 0 for others, whose batches are small beside them.
    """
    if len(conforming) > 2:
        return 0.0
    p0, p1 = (binomial(size, float(law[1])) for law in (conforming, violating))
    # Counts in the order in which they speak for a target that conforms.
    if conforming[0] < violating[0]:
        p0, p1 = p0[::-1], p1[::-1]
    whole = int(np.searchsorted(np.cumsum(p1), BETA))
    part = (BETA - p1[:whole].sum()) / p1[whole] if whole <= size else 0.0
    passed = float(p0[:whole].sum() + part * p0[whole])
    return size * (2 - passed - ALPHA)


def _in_batches(outcomes: Outcomes, size: int) -> float:
    """Return the mean number of observations where ``size`` of them are in flight at a time."""
    return float((np.ceil(outcomes.observations / size) * size).mean())
