"""A control account whose ordinary quota is used up is no reason to cry wolf."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
from endpoints import probe, serving

SMALL_QUOTA = """
import dataclasses, pathlib, sys
from drs_reference.gateway.limiter import Limiter, Policy
from drs_reference.gateway.serve import ServeOptions, run

options = ServeOptions(write_target=pathlib.Path(sys.argv[2]))
limiter = Limiter(Policy("default", 300, 8))
sys.exit(run(options, lambda parts: dataclasses.replace(parts, limiter=limiter)))
"""


def test_a_run_that_begins_with_a_used_up_quota_waits_and_passes(tmp_path: Path) -> None:
    with serving([sys.executable, "-c", SMALL_QUOTA], tmp_path / "target") as endpoint:
        key = endpoint.credentials["DRS_CONTROL"]
        body = {
            "model": "drs-reference-1",
            "messages": [{"role": "user", "content": "Hello"}],
            "max_tokens": 1,
        }
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}) as client:
            status = 200
            while status == 200:
                status = client.post(f"{endpoint.url}/v1/chat/completions", json=body).status_code
        assert status == 429
        run = probe(endpoint, tmp_path / "results", "--only", "EXP-01,STD-11")
    assert run.code == 0, run.stdout
    assert any(record["kind"] == "wait" for record in run.records())
