"""The benchmark of the model: real requests to a real endpoint, and a goal that can be missed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "model.py"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARK), "--quick", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_a_goal_that_is_met_and_figures_that_are_written(tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    done = run("--goal", "1", "--record", "--out", str(out))
    assert done.returncode == 0, done.stderr
    table = json.loads(out.read_text("utf-8"))
    assert table["tokens_per_s"].keys() == {
        "endpoint",
        "model_on_one_core",
        "model_on_every_core",
    }
    assert min(table["tokens_per_s"].values()) > 1
    assert len(table["rounds"]) == 1


def test_a_goal_that_is_missed_and_nothing_written(tmp_path: Path) -> None:
    out = tmp_path / "model.json"
    done = run("--goal", "1e9", "--out", str(out))
    assert done.returncode == 1, done.stderr
    assert "MISSED" in done.stdout
    assert not out.exists()
