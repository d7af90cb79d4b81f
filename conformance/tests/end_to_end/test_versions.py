"""A run names its version, and what was run under one version stays readable under the next."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from drs_conformance.specification.location import standard_root
from drs_conformance.specification.versioning.opening import open_version
from endpoints import ENVIRONMENT, Endpoint, Run

Drs = Callable[..., Run]


@pytest.fixture(scope="module", name="later")
def _later(tmp_path_factory: pytest.TempPathFactory) -> Drs:
    """Return a ``drs`` from a checkout in which 0.2 was opened and a sentence of it changed."""
    root = tmp_path_factory.mktemp("later")
    here = standard_root()
    for part in ("spec", "schemas", "conformance/drs_conformance"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(here / part, root / part, ignore=ignored)
    open_version("0.2", "0.1", root)
    chapter = root / "spec/0.2/03-declaration.md"
    text = chapter.read_text("utf-8")
    assert text.count("MUST have a `Cache-Control`") == 1
    edited = text.replace("MUST have a `Cache-Control`", "MUST carry a `Cache-Control`")
    chapter.write_text(edited, "utf-8")

    def drs(*arguments: str | Path, credentials: dict[str, str] | None = None) -> Run:
        done = subprocess.run(
            [sys.executable, "-m", "drs_conformance.cli", *map(str, arguments)],
            env={
                **ENVIRONMENT,
                **(credentials or {}),
                "PYTHONPATH": os.fspath(root / "conformance"),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr, Path())

    return drs


def test_a_run_of_the_older_version_keeps_working(
    later: Drs, endpoint: Endpoint, tmp_path: Path
) -> None:
    assert later("spec", "diff", "0.1", "0.2").stdout.startswith("0.1 -> 0.2: requirements 1 ch")
    out = tmp_path / "older"
    done = later(
        *("run", "--spec", "0.1", "--target", endpoint.target, "--out", out, "--seed", "1"),
        *("--only", "DCL-08,EXP-01,DET-05"),
        credentials=dict(endpoint.credentials),
    )
    assert done.code == 0, done.stdout + done.stderr
    run = Run(0, "", "", out)
    assert run.result["drs_version"] == "0.1"
    assert run.records()[0]["drs_version"] == "0.1"
    for command in ("verify", "replay"):
        again = later(command, out)
        assert again.code == 0, again.stdout + again.stderr
    checked = later("validate", "result", out / "result.json")
    assert checked.code == 0, checked.stdout


def test_a_declaration_of_the_older_version_does_not_pass_the_newer_one(
    later: Drs, endpoint: Endpoint, tmp_path: Path
) -> None:
    out = tmp_path / "newer"
    done = later(
        *("run", "--spec", "0.2", "--target", endpoint.target, "--out", out, "--seed", "1"),
        credentials=dict(endpoint.credentials),
    )
    assert done.code == 1, done.stdout + done.stderr
    run = Run(1, "", "", out)
    assert run.result["drs_version"] == "0.2"
    assert "DCL-02" in run.with_verdict("fail")


def test_an_unknown_version_is_a_usage_error_before_anything_is_sent(
    later: Drs, endpoint: Endpoint, tmp_path: Path
) -> None:
    for command in ("run", "plan"):
        done = later(
            *(command, "--spec", "0.9", "--target", endpoint.target),
            credentials=dict(endpoint.credentials),
        )
        assert done.code == 2
        assert "versions that are there: 0.1, 0.2" in done.stderr
    assert later("catalogue", "--spec", "0.9").code == 2
