"""The whole lab at its smallest: real endpoint, real students, cards that validate, resumption."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drs_reference.efficacy.command import run
from drs_reference.efficacy.conditions import CONDITIONS
from drs_reference.efficacy.lab import SHARES, cells
from drs_reference.efficacy.options import EfficacyOptions
from drs_reference.efficacy.student import Recipe

TINY = Recipe(width=32, layers=1, hidden=32, base_iterations=2, rows=2, epochs=1)


def test_the_short_run_has_every_condition_and_seed_and_one_attack() -> None:
    short = cells(CONDITIONS, 3, 4000, full=False)
    passive = {(c.condition, c.seed) for c in short if c.attack == "passive" and c.samples == 4000}
    assert passive == {(name, seed) for name in CONDITIONS for seed in range(3)}
    adaptive = [cell for cell in short if cell.attack != "passive"]
    assert {cell.seed for cell in adaptive} == {0}
    assert {cell.condition for cell in adaptive} >= {
        name for name, condition in CONDITIONS.items() if condition.mechanism
    }
    assert {c.samples for c in short if c.condition == "none"} == {1000, 2000, 4000}


def test_the_full_run_has_every_attack_and_diluted_corpora() -> None:
    full = cells(CONDITIONS, 3, 4000, full=True)
    for name, condition in CONDITIONS.items():
        attacks = {(c.attack, c.seed) for c in full if c.condition == name}
        assert attacks >= {(attack, seed) for attack in condition.attacks for seed in range(3)}
        shares = {c.share for c in full if c.condition == name}
        assert shares == ({1.0, *SHARES} if condition.marked else {1.0})
    assert len({cell.name for cell in full}) == len(full)


def test_a_condition_that_is_unknown_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(EfficacyOptions(out=tmp_path, conditions=("green list 3",))) == 2
    said = capsys.readouterr().err
    assert said.startswith("drs-reference: expected conditions of 'none', ")
    assert said.endswith("; got 'green list 3'\n")


def test_the_lab_measures_writes_cards_and_goes_on(
    tmp_path: Path, conforms: Callable[[str, Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="torch is not installed: the lab is NOT run")
    options = EfficacyOptions(
        out=tmp_path / "out",
        conditions=("none", "green list 2", "answer only"),
        samples=32,
        seeds=1,
        questions=4,
        cache=tmp_path / "cache",
        recipe=TINY,
    )
    assert run(options) == 0
    said = capsys.readouterr().out
    assert said.count("student ") == 7
    assert len(list((options.out / "students").glob("*.npz"))) == 7
    for name in ("green-list-2", "answer-only"):
        card = json.loads((options.out / f"card-{name}.json").read_text("utf-8"))
        conforms("perturbation-evidence", card)
        assert (options.out / f"card-{name}.svg").exists()
    kept = json.loads((options.out / "efficacy.json").read_text("utf-8"))
    lost = next(iter(kept["students"]))
    before = kept["students"].pop(lost)
    (options.out / "efficacy.json").write_text(json.dumps(kept), "utf-8")
    assert run(options) == 0
    assert capsys.readouterr().out.count("student ") == 1
    again = json.loads((options.out / "efficacy.json").read_text("utf-8"))["students"][lost]
    assert again["score"] == before["score"]
    assert again.get("radioactivity") == before.get("radioactivity")
