"""A year's alpha cannot be spent twice."""

import json
import subprocess
import sys

import pytest
from drs_conformance.statistics.alpha_budget import AlphaBudget, BudgetError


def test_shares_add_up_to_the_budget_and_no_further(tmp_path):
    budget = AlphaBudget.create(tmp_path / "alpha.json", 0.01, 4)
    shares = [budget.lease(f"night-{night}").alpha for night in range(4)]
    assert sum(shares) == pytest.approx(0.01)
    with pytest.raises(BudgetError, match="all 4 are taken"):
        budget.lease("night-4")


def test_a_run_that_begins_again_has_its_share_already(tmp_path):
    budget = AlphaBudget.create(tmp_path / "alpha.json", 0.01, 1)
    assert budget.lease("night-1") == AlphaBudget(tmp_path / "alpha.json").lease("night-1")


def test_a_budget_is_not_written_over(tmp_path):
    AlphaBudget.create(tmp_path / "alpha.json")
    with pytest.raises(BudgetError, match="expected no file"):
        AlphaBudget.create(tmp_path / "alpha.json")


@pytest.mark.parametrize(("alpha", "runs"), [(0, 1), (1, 1), (0.01, 0)])
def test_a_budget_out_of_range_is_refused(tmp_path, alpha, runs):
    with pytest.raises(BudgetError, match="alpha from 0 to 1"):
        AlphaBudget.create(tmp_path / "alpha.json", alpha, runs)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "\x00",
        '{"alpha": 0.01}',
        '{"alpha": "x", "runs": 1, "leases": []}',
        '{"alpha": 0.01, "runs": 1, "leases": [{}]}',
        '{"alpha": 2, "runs": 1, "leases": []}',
    ],
)
def test_a_file_that_is_no_budget_is_refused(tmp_path, content):
    path = tmp_path / "alpha.json"
    path.write_text(content)
    with pytest.raises(BudgetError, match=r"alpha\.json"):
        AlphaBudget(path).lease("night-1")


def test_there_is_no_lease_without_a_file(tmp_path):
    with pytest.raises(BudgetError, match=r"alpha\.json"):
        AlphaBudget(tmp_path / "alpha.json").lease("night-1")


def test_processes_that_lease_at_once_take_different_shares(tmp_path):
    path = tmp_path / "alpha.json"
    AlphaBudget.create(path, 0.01, 40)
    program = (
        "import sys; from pathlib import Path; "
        "from drs_conformance.statistics.alpha_budget import AlphaBudget; "
        "[AlphaBudget(Path(sys.argv[1])).lease(f'{sys.argv[2]}-{i}') for i in range(10)]"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(name)]) for name in range(4)
    ]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    leases = json.loads(path.read_text())["leases"]
    assert len({lease["run"] for lease in leases}) == 40
    assert sum(lease["alpha"] for lease in leases) == pytest.approx(0.01)
