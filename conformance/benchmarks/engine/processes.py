"""The processes of each design of the standard, as the checks run them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.fixed_size import fixed_signs, fixed_simple
from drs_conformance.statistics.processes import Betting
from drs_conformance.statistics.simulation import Simple, Walk
from drs_conformance.statistics.tilts import strength
from drs_conformance.statistics.walks import Bets, Heats, PairedTilts, Tilts, random_keys

from engine.fixed_size import fixed_pairs, fixed_tilts

__all__ = ["CONTEXTS", "SPANS", "WORST_ADVANTAGE", "Process", "processes_of"]

Truth = Literal["conforming", "violating"]
Generator = np.random.Generator

CONTEXTS = np.array(
    [
        [0.33, 0.20, 0.16, 0.15, 0.15, 0.01],
        [0.40, 0.20, 0.10, 0.10, 0.05, 0.15],
        [0.70, 0.10, 0.05, 0.05, 0.05, 0.05],
        [0.20, 0.20, 0.20, 0.20, 0.10, 0.10],
    ]
)
"""Laws of the first token of four prompts, as different as those of a study may be."""

WORST_ADVANTAGE = 0.1
"""At the level of the reference endpoint, which declares none of its own."""
SPANS = {"DET-04": 3.0, "PRT-03": 1 + WORST_ADVANTAGE}
"""Greatest distance from the mean, where it is not one: scores count from 0 to 4."""


@dataclass(frozen=True, slots=True)
class Process:
    """One alternative of a design.

    ``walk(truth, runs, generator, weigh)`` draws under either hypothesis; with ``weigh`` runs are
    drawn under the violating one and weighed as under the conforming one. ``fixed(alpha, beta,
    generator)`` is the sample size of the peer. ``growth`` are the nats that an observation of a
    conforming target brings at most, on average, where that follows from neither law alone.
    """

    name: str
    walk: Callable[[Truth, int, Generator, bool], Walk]
    fixed: Callable[[float, float, Generator], int]
    growth: float | None = None


def processes_of(identifier: str, design: Design) -> Sequence[Process]:
    """Return the processes of a requirement's design."""
    members = design.members
    if members["kind"] == "divergence" and identifier in ("STD-01", "STD-03"):
        return [
            _tilts(members["effect"]),
            _heats(members["effect"], True),
            _heats(members["effect"], False),
        ]
    if members["kind"] == "divergence" and identifier == "STD-02":
        return [_pairs(math.sqrt(2 * members["effect"]))]
    if members["kind"] == "divergence":
        half = math.sqrt(members["effect"] / 2)
        return [_simple(np.array([0.5, 0.5]), np.array([0.5 - half, 0.5 + half]))]
    if members["kind"] in ("mean", "difference"):
        effect, discordant = design.differences(SPANS.get(identifier, 1.0))
        return [_bets(effect, discordant)] * design.alternatives
    laws = design.laws()
    assert laws is not None
    return [_simple(*laws, name=f"alternative {k + 1}") for k in range(design.alternatives)]


def _simple(conforming: Array, violating: Array, name: str = "simple") -> Process:
    laws = {"conforming": conforming, "violating": violating}

    def walk(truth: Truth, runs: int, generator: Generator, weigh: bool) -> Walk:
        return Simple(conforming, violating, laws[truth], conforming if weigh else None)

    return Process(name, walk, lambda a, b, _: fixed_simple(conforming, violating, a, b))


def _bets(effect: float, discordant: float) -> Process:
    betting, values = Betting.planned(effect, discordant), np.array([-1.0, 0.0, 1.0])

    def law(mean: float) -> Array:
        return np.array([(discordant - mean) / 2, 1 - discordant, (discordant + mean) / 2])

    laws = {"conforming": law(0.0), "violating": law(-effect)}

    def walk(truth: Truth, runs: int, generator: Generator, weigh: bool) -> Walk:
        return Bets(betting, values, laws[truth], laws["conforming"] if weigh else None)

    growth = float(laws["conforming"] @ np.log1p(betting.success * (values + effect)))
    return Process("betting", walk, lambda a, b, _: fixed_signs(laws["violating"], a, b), growth)


def _tilts(effect: float) -> Process:
    strengths = [strength(effect, p) for p in CONTEXTS]

    def walk(truth: Truth, runs: int, generator: Generator, weigh: bool) -> Walk:
        keyed = random_keys(CONTEXTS, strengths, runs, generator)
        drawn = keyed if truth == "violating" else CONTEXTS
        return Tilts(CONTEXTS, effect, drawn, runs, weigh=weigh)

    return Process("keyed tilt", walk, lambda a, b, g: fixed_tilts(CONTEXTS, effect, a, b, g))


def _heats(effect: float, hotter: bool) -> Process:
    violating = Heats(CONTEXTS, effect, CONTEXTS, 1, hotter=hotter).violating
    laws = {"conforming": CONTEXTS, "violating": violating}

    def walk(truth: Truth, runs: int, generator: Generator, weigh: bool) -> Walk:
        return Heats(CONTEXTS, effect, laws[truth], runs, hotter=hotter, weigh=weigh)

    def fixed(alpha: float, beta: float, generator: Generator) -> int:
        # A prompt is drawn for each observation: the laws of the pair (prompt, answer).
        return fixed_simple(
            CONTEXTS.ravel() / len(CONTEXTS), violating.ravel() / len(CONTEXTS), alpha, beta
        )

    return Process("hotter" if hotter else "colder", walk, fixed)


def _pairs(tilt: float) -> Process:
    strengths = [tilt] * len(CONTEXTS)

    def walk(truth: Truth, runs: int, generator: Generator, weigh: bool) -> Walk:
        keyed = random_keys(CONTEXTS, strengths, runs, generator)
        drawn = keyed if truth == "violating" else CONTEXTS
        return PairedTilts(drawn, CONTEXTS, tilt, runs, weigh=weigh)

    return Process("other account", walk, lambda a, b, g: fixed_pairs(CONTEXTS, tilt, a, b, g))
