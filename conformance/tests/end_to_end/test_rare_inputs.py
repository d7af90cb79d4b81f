"""A full run finds what goes wrong on few inputs, and what shows on many only.

`make bench-operating` does so for every rare mutant over many seeds, here a few stand for all.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from endpoints import drs, mutant
from mutants import MUTANTS

RARE = {one.name: one for one in MUTANTS.values() if one.rare}
SAMPLE = (
    "long-appeals-find-no-case",
    "names-with-a-comma-are-two-people",
    "test-mode-takes-numbers-of-rows",
)
SUBTLE = tuple(one.name for one in MUTANTS.values() if one.subtle)


def test_at_least_fifteen_requirements_are_tested_as_properties() -> None:
    assert all(len(one.breaks) == 1 for one in RARE.values())
    assert len({identifier for one in RARE.values() for identifier in one.breaks}) >= 15


@pytest.mark.parametrize("name", SAMPLE + SUBTLE)
def test_a_full_run_finds_what_a_small_one_cannot(name: str, tmp_path: Path) -> None:
    (broken,) = MUTANTS[name].breaks
    with mutant(name, tmp_path / "target") as endpoint:
        run = drs(
            *("run", "--target", endpoint.target, "--profile", "full", "--only", broken),
            *("--seed", "1", "--out", tmp_path / "results"),
            environment=endpoint.credentials,
            folder=tmp_path / "results",
        )
    assert run.with_verdict("fail") == {broken}, run.stdout
