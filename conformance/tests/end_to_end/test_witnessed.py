"""Ordinary accounts beside the test personas show what a self-test leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from endpoints import Run, drs, mutant, probe, reference
from mutants import MUTANTS

STRANGERS = sorted(m.name for m in MUTANTS.values() if m.witnessed)
BLIND = ("blind-1", "blind-2")


@pytest.fixture(scope="module", name="witnessed")
def _witnessed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("witnessed")
    with reference(folder / "target", "--accounts", "2") as endpoint:
        yield probe(endpoint, folder / "results")


def test_an_endpoint_in_order_passes_witnessed(witnessed: Run) -> None:
    assert witnessed.code == 0, witnessed.stdout
    assert set(witnessed.verdicts().values()) == {"pass"}
    assurance = witnessed.result["assurance"]
    assert assurance["tier"] == "witnessed"
    assert "Self-tested" not in witnessed.stdout
    assert all(name in " ".join(assurance["limitations"]) for name in BLIND)


def test_ordinary_accounts_are_asked_what_control_is_asked(witnessed: Run) -> None:
    asked: dict[str, set[str]] = {}
    for record in witnessed.records():
        if record["kind"] == "intent":
            asked.setdefault(record["request"]["persona"], set()).add(record["lane"].split(":")[-1])
    for name in BLIND:
        assert asked[name] >= {"ordinary-requests", "good-standing"}


def test_a_replay_of_a_witnessed_run_gives_the_same_bytes(witnessed: Run) -> None:
    assert drs("replay", witnessed.folder).code == 0


@pytest.mark.parametrize("name", STRANGERS)
def test_who_behaves_to_test_personas_passes_with_the_limitation(name: str, tmp_path: Path) -> None:
    """`test_mutants.py` shows that the same endpoint fails a witnessed run."""
    with mutant(name, tmp_path / "target") as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", "STD-01,STD-02,STD-03")
    assert run.code == 0, run.stdout
    assert run.result["assurance"]["tier"] == "self-tested"
    assert "keyed to them is not excluded" in " ".join(run.stdout.split())


def test_who_behaves_on_known_prompts_is_found_in_every_run(tmp_path: Path) -> None:
    with mutant("behaves-on-known-prompts", tmp_path / "target") as endpoint:
        for seed in ("5", "6"):
            out = tmp_path / seed
            arguments = ("--only", "STD-01", "--seed", seed, "--out", out)
            run = drs(
                *("run", "--target", endpoint.target, *arguments),
                environment=endpoint.credentials,
                folder=out,
            )
            assert run.with_verdict("fail") == {"STD-01"}, run.stdout
