"""An endpoint that complies in bad weather never fails; `make bench-noise` asks more.

Hypothesis in its default settings reports failures in more than half of such runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from endpoints import TESTS, drs, serving


@pytest.mark.parametrize("rate", ["0.01", "0.05"])
def test_nothing_fails_for_noise(rate: str, tmp_path: Path) -> None:
    command = [sys.executable, TESTS / "noisy_endpoint.py", rate]
    retries = 0
    with serving(command, tmp_path / "target") as endpoint:
        for seed in (1, 2):
            out = tmp_path / f"run-{seed}"
            run = drs(
                *("run", "--target", endpoint.target, "--seed", seed, "--out", out),
                environment=endpoint.credentials,
                folder=out,
            )
            assert not run.with_verdict("fail"), run.stdout
            assert not run.with_verdict("harness-error"), run.stdout
            retries += sum(bool(record.get("retry_of")) for record in run.records())
    assert retries, "there was no noise"
