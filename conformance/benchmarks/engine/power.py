"""How surely a full run finds graded mutants, by simulation of what its designs see of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from drs_conformance.profiles import PROFILES, RUN_ALPHA
from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.simulation import Simple, Walk, simulate
from drs_conformance.statistics.walks import Bets, Heats, PairedTilts, Tilts
from drs_reference.gateway.declaration import Terms
from mutants import MUTANTS, Mutant

from engine.known import coin
from engine.mutant_laws import DIFFERENCES, EVENTS, WRONG, First, endpoint_parts, first_tokens
from engine.processes import SPANS, Generator

__all__ = ["GOAL", "LEVEL", "STRENGTH", "power", "powers", "powers_against"]

GOAL = 0.998
STRENGTH = "middle"
LEVEL = "L2"
"""The level that the reference endpoint declares, and with it every mutant."""

STUDIES = 10
"""Runs differ in their prompts; each set of prompts is simulated many times."""


def powers(runs: int, generator: Generator) -> Iterator[dict[str, Any]]:
    """Yield the power at middle strength against each graded mutant."""
    for mutant in MUTANTS.values():
        if STRENGTH in mutant.strengths:
            yield from powers_against(mutant, runs, generator)


def powers_against(mutant: Mutant, runs: int, generator: Generator) -> Iterator[dict[str, Any]]:
    """Yield the power against one mutant, for each design that it breaks."""
    for identifier, design in _designs().items():
        if identifier in mutant.breaks:
            yield {
                "mutant": mutant.name,
                "strength": STRENGTH,
                "requirement": identifier,
                "power": power(mutant, identifier, design, runs, generator),
            }


def power(
    mutant: Mutant, identifier: str, design: Design, runs: int, generator: Generator
) -> float | None:
    """Return the probability of FAIL, or None where the law of an observation is not known.

    Where a design has alternatives it is that of the one that is found most surely.
    """
    name, value = mutant.name, mutant.strengths[STRENGTH]
    if name in EVENTS and (laws := design.laws()) is not None:
        walks = [Simple(*laws, coin(rate)) for rate in EVENTS[name](value)]
        return max(_found(walk, design, runs, generator) for walk in walks)
    if name in WRONG:
        right = Terms().benign_error_rate
        wrong = right + design.members["effect"]
        seen = right + (1 - right) * value * WRONG[name][identifier]
        return _found(Simple(coin(right), coin(wrong), coin(seen)), design, runs, generator)
    if name in DIFFERENCES:
        bets = [_bets(identifier, design, values) for values in DIFFERENCES[name](value)]
        return max(_found(walk, design, runs, generator) for walk in bets)
    if identifier in ("STD-01", "STD-02", "STD-03"):
        each = runs // STUDIES
        with endpoint_parts() as parts:
            studies = [first_tokens(parts, name, STRENGTH, seed) for seed in range(STUDIES)]
        found = [
            [
                _found(walk, design, each, generator)
                for walk in _walks(identifier, design, study, each)
            ]
            for study in studies
        ]
        return float(np.mean(found, axis=0).max())
    return None


def _walks(identifier: str, design: Design, first: First, runs: int) -> list[Walk]:
    effect = design.members["effect"]
    if identifier == "STD-02":
        return [PairedTilts(first.other, first.control, math.sqrt(2 * effect), runs)]
    # Both accounts answer in turn.
    drawn = (first.control + first.other) / 2
    return [
        Tilts(first.declared, effect, drawn, runs),
        Heats(first.declared, effect, drawn, runs, hotter=True),
        Heats(first.declared, effect, drawn, runs, hotter=False),
    ]


def _bets(identifier: str, design: Design, differences: Array) -> Walk:
    betting = design.betting(SPANS.get(identifier, 1.0))
    return Bets(betting, differences, np.full(len(differences), 1 / len(differences)))


def _found(walk: Walk, design: Design, runs: int, generator: Generator) -> float:
    alpha = RUN_ALPHA / len(_designs()) / design.alternatives
    outcome = simulate(walk, alpha, design.beta, design.observations, runs, generator)
    return float(outcome.failed.mean())


def _designs() -> dict[str, Design]:
    return {
        item.id: PROFILES["full"].adapted(Design(item.design).at(LEVEL))
        for item in load_catalogue().requirements
        if item.design is not None
    }
