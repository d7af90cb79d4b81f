"""Every mutant fails exactly what it breaks, and every tested requirement has a mutant.

A mutant is run with what it breaks and with the rest of the chapter, but for designs that cost
much. Where it bides its time, and in the cells `full:` of `make bench-operating`, all chapters are
run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drs_conformance.profiles import PROFILES
from drs_conformance.specification.catalogue import Requirement, load_catalogue
from drs_conformance.statistics.designs import Design
from endpoints import mutant, probe
from mutants import MUTANTS

TESTED = {
    r.id: r for r in load_catalogue().requirements if r.verify == "test" and r.excluded is None
}
CHEAP = 30
"""Requests that a design may take in the smoke profile to be run with its chapter's mutants."""
BIDES = {"behaves-at-first"}
"""Mutants that do nothing wrong before many requests have come."""
CAMPAIGNS = "DET-03"
"""Takes one request, and as long as all else together."""


def is_cheap(requirement: Requirement) -> bool:
    planned = PROFILES["smoke"].adapted(Design(requirement.design or {})).plan()
    return planned.expected <= CHEAP and requirement.id != CAMPAIGNS


def run_with(name: str) -> list[str]:
    """Return what a mutant is run with."""
    breaks = MUTANTS[name].breaks
    families = {TESTED[identifier].family for identifier in breaks}

    def belongs(r: Requirement) -> bool:
        if r.design is None:
            return r.family in families or name in BIDES
        return r.id in breaks or (r.family in families and is_cheap(r))

    return sorted(r.id for r in TESTED.values() if belongs(r))


ACCOUNTS = ("--accounts", "2")


def names() -> Iterator[Any]:
    """Yield mutants: of each requirement the first, and the others for those who have time."""
    shown: set[str] = set()
    for one in MUTANTS.values():
        if one.rare or one.subtle:
            continue
        others = [] if set(one.breaks) - shown else [pytest.mark.long]
        shown |= set() if one.witnessed else set(one.breaks)
        yield pytest.param(one.name, marks=others)


@pytest.mark.parametrize("name", list(names()))
def test_it_fails_exactly_what_it_breaks(name: str, tmp_path: Path) -> None:
    breaks = set(MUTANTS[name].breaks)
    accounts = ACCOUNTS if MUTANTS[name].witnessed else ()
    with mutant(name, tmp_path / "target", *accounts) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", ",".join(run_with(name)))
    assert run.with_verdict("fail") == breaks, run.stdout
    assert run.code == 1
    assert not run.with_verdict("harness-error"), run.stdout
    assert not run.with_verdict("inconclusive"), run.stdout
    for entry in run.result["requirements"]:
        if entry["outcome"] is not None and entry["outcome"]["verdict"] == "untestable":
            assert entry["outcome"]["blocked_by"] in breaks, entry
        if entry["id"] in breaks:
            assert entry["outcome"]["reproduce"], entry
            assert entry["outcome"]["evidence"], entry
    # A campaign that nobody notices goes on to its end.
    assert run.result["spent"]["requests"] <= (3000 if "DET-02" in breaks else 800)


def test_every_tested_requirement_has_a_mutant() -> None:
    usual = [one for one in MUTANTS.values() if not (one.rare or one.witnessed)]
    broken = {identifier for one in usual for identifier in one.breaks}
    assert broken == set(TESTED)


def test_every_design_is_run_with_some_mutant() -> None:
    assert {r for name in MUTANTS for r in run_with(name)} == set(TESTED)
