"""An endpoint that complies in bad weather never fails; `make bench-noise` asks more.

Hypothesis in its default settings reports failures in more than half of such runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from endpoints import TESTS, drs, serving


@pytest.mark.parametrize("rate", [pytest.param("0.01", marks=pytest.mark.long), "0.05"])
def test_nothing_fails_for_noise(rate: str, tmp_path: Path) -> None:
    command = [sys.executable, TESTS / "noisy_endpoint.py", rate]
    with serving(command, tmp_path / "target") as endpoint:
        run = drs(
            *("run", "--target", endpoint.target, "--seed", "1", "--out", tmp_path / "results"),
            environment=endpoint.credentials,
            folder=tmp_path / "results",
        )
    assert not run.with_verdict("fail"), run.stdout
    assert not run.with_verdict("harness-error"), run.stdout
    assert any(record.get("retry_of") for record in run.records()), "there was no noise"
