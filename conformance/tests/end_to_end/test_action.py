"""The steps of `action.yml`, run as a runner runs them, against a real endpoint."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ci import EXPRESSION, ROOT, Job, environment, follows, run_action
from drs_conformance import probe
from endpoints import Endpoint, mutant

ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: Mapping[str, Any] = {step["id"]: step for step in ACTION["runs"]["steps"]}
OURS = {"suite": "installed"}


def in_workspace(folder: Path, endpoint: Endpoint, **inputs: str) -> Job:
    """Run the action in a checkout that holds the target file and what it names."""
    workspace = folder / "workspace"
    workspace.mkdir()
    given = {"target": str(endpoint.target), **OURS, **inputs}
    return run_action(workspace, given, endpoint.credentials)


def test_it_follows_the_published_schema_of_actions() -> None:
    assert follows("vendor.github-actions", ROOT / "action.yml")
    assert not follows("vendor.gitlab-ci", ROOT / "action.yml")


def test_nothing_that_a_caller_gives_becomes_part_of_a_script() -> None:
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        assert set(step) == {"id", "shell", "env", "run"}
        for text in step["env"].values():
            assert EXPRESSION.fullmatch(text), text
        # Nothing is downloaded but the suite, and nothing is uploaded.
        assert not re.search(r"\b(curl|wget|gh|eval|upload)\b", step["run"])
    used = {name for step in STEPS.values() for name in step["env"].values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]} <= used
    for output in ACTION["outputs"].values():
        _, step, _, name = output["value"].removesuffix(" }}").split(".")
        assert f"{name}=" in STEPS[step]["run"]


def test_a_failure_that_the_baseline_does_not_have(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in endpoint.credentials.items():
        monkeypatch.setenv(name, value)
    baseline = tmp_path / "baseline"
    probe(endpoint.target, only=["DCL-08"], out=baseline)
    with mutant("declaration-cached-for-a-year", tmp_path / "target") as broken:
        job = in_workspace(
            tmp_path,
            broken,
            only="DCL-08",
            baseline=str(baseline),
            **{"fail-on": "worse", "out": "out folder"},
        )
    assert job.code == 1, job.log
    assert job.outputs["probe"] == {
        "folder": "out folder",
        "verdict": "fail",
        "exit-code": "1",
    }
    assert job.outputs["compare"] == {"exit-code": "1"}
    assert job.summary.startswith("# FAIL: 1 of 2 tested requirements fails")
    assert "\n# WORSE: 1 worse, 1 as before" in job.summary
    assert (tmp_path / "workspace" / "out folder" / "report.html").exists()
    for credential in (*endpoint.credentials.values(), *broken.credentials.values()):
        assert credential not in job.log + job.summary


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"out": "results\nverdict=pass"}, "::error::expected out to name a folder"),
        ({"out": "--seed=1"}, "::error::expected out to name a folder"),
        ({"fail-on": "nothing"}, "::error::expected fail-on to be"),
        ({"fail-on": "worse"}, "::error::expected a baseline beside fail-on: worse"),
        ({"target": '"; touch marked; $(touch marked) `touch marked`'}, "touch marked"),
    ],
    ids=["line break", "option", "unknown word", "no baseline", "shell"],
)
def test_bad_inputs_are_refused_and_never_run(
    inputs: dict[str, str], told: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    job = in_workspace(tmp_path, endpoint, **inputs)
    assert job.code == 2, job.log
    assert told in job.log
    assert job.outputs["probe"].get("verdict") in (None, "not-run")
    assert job.summary == ""
    assert not list(tmp_path.rglob("marked"))


@pytest.mark.parametrize(
    ("fail_on", "run", "comparison", "code"),
    [
        ("undecided", "0", "", 0),
        ("undecided", "1", "", 1),
        ("undecided", "3", "0", 3),
        ("fail", "0", "", 0),
        ("fail", "1", "0", 1),
        ("fail", "3", "", 0),
        ("worse", "1", "0", 0),
        ("worse", "1", "1", 1),
        ("worse", "0", "3", 3),
        ("never", "1", "1", 0),
    ],
)
def test_what_fails_the_step(fail_on: str, run: str, comparison: str, code: int) -> None:
    given = {"INPUT_FAIL_ON": fail_on, "RUN": run, "COMPARISON": comparison}
    script = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", STEPS["decide"]["run"]]
    assert subprocess.run(script, env=environment(**given), check=False).returncode == code


@pytest.mark.long
def test_it_installs_the_suite_from_its_own_checkout(endpoint: Endpoint, tmp_path: Path) -> None:
    job = in_workspace(tmp_path, endpoint, suite="")
    assert job.code == 0, job.log
    assert job.outputs["install"]["drs"].startswith(str(tmp_path))
    assert job.outputs["probe"]["verdict"] == "pass"
    assert job.outputs["compare"] == {}
    assert job.summary.startswith("# PASS: ")
