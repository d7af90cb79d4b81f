"""Two cells of the operating benchmark, run as `make bench-operating` runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from drs_conformance.specification.catalogue import load_catalogue

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "operating.py"
MUTANT = "scores-are-too-high@strong"
TESTED = sum(
    r.verify == "test" and r.excluded is None and "provider" in r.applies_to
    for r in load_catalogue().requirements
)


def measure(table: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCHMARK, "--profile", "smoke", "--table", table, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(name="table", scope="module")
def _table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = tmp_path_factory.mktemp("operating") / "operating.json"
    done = measure(table, "--runs", "1", "--reference-runs", "1", "--cells", "reference", MUTANT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 misses" in done.stdout
    return table


def test_nothing_fails_on_a_conforming_endpoint(table: Path) -> None:
    cell = json.loads(table.read_text())["cells"]["reference"]
    assert cell["seeds"] == [1]
    assert cell["fails"] == cell["open"] == {}
    assert cell["verdicts"] == {"pass": TESTED}
    (requests,) = cell["requests"]
    assert 0 < requests <= 1200


def test_a_mutant_fails_what_it_breaks(table: Path) -> None:
    cell = json.loads(table.read_text())["cells"][MUTANT]
    assert cell["only"] == ["DET-04"]
    assert cell["fails"] == {"DET-04": 1}
    assert cell["verdicts"] == {"fail": 1}


def test_what_was_measured_is_not_measured_again(table: Path) -> None:
    before = table.read_bytes()
    again = measure(table, "--runs", "1", "--cells", "reference", MUTANT)
    assert again.returncode == 0
    assert f"{MUTANT} 1/1" not in again.stdout
    assert table.read_bytes() == before


@pytest.mark.parametrize(
    ("cell", "change", "said"),
    [
        ("reference", {"fails": {"DCL-01": 1}}, "DCL-01 failed in 1 runs though it holds"),
        (MUTANT, {"fails": {}, "seeds": [1, 2]}, "DET-04 did not fail in 2 of 2 runs"),
    ],
)
def test_a_goal_that_is_missed_is_said(
    cell: str, change: dict[str, object], said: str, table: Path, tmp_path: Path
) -> None:
    document = json.loads(table.read_text())
    document["cells"][cell] |= change
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document))
    done = measure(changed, "--cells", cell)
    assert done.returncode == 1
    assert said in done.stdout


def test_a_cell_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    done = measure(tmp_path / "table.json", "--cells", "nobody@strong")
    assert done.returncode == 2
    assert "nobody@strong" in done.stderr
    assert not os.listdir(tmp_path)


def test_the_benchmark_of_noise_starts() -> None:
    command = [sys.executable, BENCHMARK.with_name("noise.py"), "--help"]
    assert b"bad weather" in subprocess.run(command, capture_output=True, check=True).stdout
