"""A failure that a lab accepts for a time stays a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from endpoints import Endpoint, drs, mutant, probe

WAIVER = "waivers:\n- {requirement: DCL-08, reason: The new CDN comes later, expires: %s}\n"


def test_a_waived_failure_leaves_the_build_green_and_the_report_red(tmp_path: Path) -> None:
    with mutant("declaration-cached-for-a-year", tmp_path / "target") as endpoint:
        endpoint.target.write_text(endpoint.target.read_text() + WAIVER % "2099-12-31")
        run = probe(endpoint, tmp_path / "results", "--only", "DCL-08,EXP-01")
    assert run.code == 0, run.stdout
    assert run.with_verdict("fail") == {"DCL-08"}
    assert "waived" in run.stdout
    assert "The new CDN comes later" in (run.folder / "report.html").read_text("utf-8")
    assert "waived until 2099-12-31" in (run.folder / "junit.xml").read_text("utf-8")
    assert not run.result["claim"]["supported"]


@pytest.mark.parametrize(
    ("waiver", "named"),
    [
        (WAIVER % "2020-01-01", "expired"),
        ((WAIVER % "2099-12-31").replace("DCL-08", "DCL-80"), "DCL-80"),
        ((WAIVER % "2099-12-31").replace("DCL-08", "DCL-09"), "DCL-09"),
        ((WAIVER % "2099-12-31").replace("reason", "raeson"), "raeson"),
    ],
    ids=["expired", "unknown", "not tested", "misspelt"],
)
def test_a_waiver_that_says_nothing_is_refused(
    waiver: str, named: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    target = endpoint.folder / "waived.yaml"
    target.write_text(endpoint.target.read_text() + waiver)
    run = drs("run", "--target", target, environment=endpoint.credentials)
    assert run.code == 2
    assert named in run.stderr
