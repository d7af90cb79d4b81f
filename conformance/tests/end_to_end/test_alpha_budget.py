"""Nightly runs share a year's alpha: each takes its part once, and none runs without."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drs_conformance.profiles import RUN_ALPHA
from drs_conformance.specification.catalogue import load_catalogue
from endpoints import ENVIRONMENT, Endpoint, drs, probe

ONLY = ("--only", "DET-05")
DESIGNS = sum(item.design is not None for item in load_catalogue().requirements)


def shares(budget: Path) -> list[float]:
    return [lease["alpha"] for lease in json.loads(budget.read_text())["leases"]]


@pytest.fixture(name="budget")
def _budget(tmp_path: Path) -> Path:
    path = tmp_path / "alpha.json"
    assert drs("budget", path, "--runs", "2").code == 0
    return path


def test_a_run_takes_its_share_and_a_replay_judges_by_it(
    endpoint: Endpoint, budget: Path, tmp_path: Path
) -> None:
    run = probe(endpoint, tmp_path / "results", *ONLY, "--alpha-budget", budget)
    assert run.code == 0, run.stdout + run.stderr
    assert shares(budget) == [0.005]
    header = run.records()[0]["run"]
    assert header["alpha"] == 0.005
    assert header["alpha_lease"] == json.loads(budget.read_text())["leases"][0]["run"]
    (judged,) = [e for e in run.result["requirements"] if e["id"] == "DET-05"]
    assert judged["outcome"]["statistics"]["alpha"] == pytest.approx(0.005 / DESIGNS, rel=1e-5)
    assert drs("replay", run.folder).code == 0
    assert shares(budget) == [0.005]


def test_without_a_budget_a_run_counts_as_one_night_of_a_year(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    run = probe(endpoint, tmp_path / "results", "--only", "DCL-01")
    assert run.records()[0]["run"]["alpha"] == RUN_ALPHA
    assert run.records()[0]["run"]["alpha_lease"] is None


def test_a_killed_run_has_used_its_share_and_none_runs_without(
    endpoint: Endpoint, budget: Path, tmp_path: Path
) -> None:
    assert probe(endpoint, tmp_path / "first", *ONLY, "--alpha-budget", budget).code == 0
    arguments = ["--target", endpoint.target, "--out", tmp_path / "killed"]
    running = subprocess.Popen(
        [sys.executable, "-m", "drs_conformance.cli", "run", *arguments, "--alpha-budget", budget],
        env={**ENVIRONMENT, **endpoint.credentials},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while len(shares(budget)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait(timeout=20)
    assert shares(budget) == [0.005, 0.005]
    refused = probe(endpoint, tmp_path / "third", *ONLY, "--alpha-budget", budget)
    assert refused.code == 2
    assert "all 2 are taken" in refused.stderr
    assert "nothing was sent" in refused.stderr
    assert not (tmp_path / "third").exists()


def test_a_budget_has_to_be_made_first(endpoint: Endpoint, tmp_path: Path) -> None:
    refused = probe(endpoint, tmp_path / "out", *ONLY, "--alpha-budget", tmp_path / "alpha.json")
    assert refused.code == 2
    assert "`drs budget` makes one" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_budget_is_not_made_twice(budget: Path) -> None:
    before = budget.read_bytes()
    assert drs("budget", budget).code == 2
    assert budget.read_bytes() == before


def test_a_run_for_certification_takes_no_share(
    endpoint: Endpoint, budget: Path, tmp_path: Path
) -> None:
    arguments = ["--profile", "certify", "--registration", tmp_path / "none.json"]
    refused = probe(endpoint, tmp_path / "out", *arguments, "--alpha-budget", budget)
    assert refused.code == 2
    assert shares(budget) == []
