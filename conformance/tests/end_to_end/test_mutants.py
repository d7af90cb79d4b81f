"""Every mutant fails exactly what it breaks, and every tested requirement has a mutant."""

from __future__ import annotations

from pathlib import Path

import pytest
from drs_conformance.specification.catalogue import load_catalogue
from endpoints import mutant, probe
from mutants import MUTANTS

TESTED = sorted(
    r.id for r in load_catalogue().requirements if r.verify == "test" and r.excluded is None
)
CAMPAIGNS = "DET-03"
"""Takes as long as all else together; who does not touch the detector is spared it here."""


ACCOUNTS = ("--accounts", "2")


@pytest.mark.parametrize("name", sorted(m.name for m in MUTANTS.values() if not m.rare))
def test_it_fails_exactly_what_it_breaks(name: str, tmp_path: Path) -> None:
    breaks = set(MUTANTS[name].breaks)
    touches_detector = MUTANTS[name].alter.__module__ == "mutants.detection"
    wanted = TESTED if touches_detector else [r for r in TESTED if r != CAMPAIGNS]
    accounts = ACCOUNTS if MUTANTS[name].witnessed else ()
    with mutant(name, tmp_path / "target", *accounts) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", ",".join(wanted))
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
    assert run.result["spent"]["requests"] <= 600


def test_every_tested_requirement_has_a_mutant() -> None:
    usual = [one for one in MUTANTS.values() if not one.rare and not one.witnessed]
    broken = {identifier for one in usual for identifier in one.breaks}
    assert sorted(broken) == TESTED
