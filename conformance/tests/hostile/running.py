"""Runs against an endpoint that may do anything, and what must hold after every one of them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from endpoints import ENVIRONMENT, FILES, Run

PERSONAS = ("control", "fresh-1", "fresh-2", "throttled", "suspended", "terminated", "auditor")
CREDENTIALS = {
    f"DRS_{name.upper().replace('-', '_')}": f"drs-test-{name}-{'k' * 24}" for name in PERSONAS
}
TIMEOUT_S = 1.0
LATE_S = 2.0
"""What an exchange may take beyond its timeout on a loaded machine."""
LONGEST_S = 120
"""What a run may take when every request runs into its timeout or is told to wait."""
PEAK_MB = 160
"""What a run may take of memory. One against the reference endpoint takes 146 (Linux, x86-64)."""
_POLL_S = 0.01


@dataclass(frozen=True)
class HostileRun(Run):
    """A finished run; ``peak_mb`` is the largest resident set of its process, 0 if unknown."""

    peak_mb: float = 0.0


def run_against(root: str, folder: Path, *more: str, **environment: str) -> HostileRun:
    """Probe ``root`` with the smoke profile; ``more`` are further lines of the target file."""
    personas = "".join(
        f"  {name}: {{credential: {variable}}}\n"
        for name, variable in zip(PERSONAS, CREDENTIALS, strict=True)
    )
    bounds = "max_requests: 200, max_output_tokens: 20000, max_cost_usd: 1"
    (folder / "target.yaml").write_text(
        f'drs_version: "0.1"\nname: Broken\nbase_url: {root}/v1\ndialect: openai_chat\n'
        f"model: m\nauthorisation: authorisation.yaml\npersonas:\n{personas}"
        f"budget: {{{bounds}}}\ntimeout_s: {TIMEOUT_S}\n" + "".join(f"{line}\n" for line in more)
    )
    (folder / "authorisation.yaml").write_text(
        f'drs_version: "0.1"\nissued_by: Test\ncontact: mailto:t@lab.example\n'
        f"origins: ['{root}']\nnot_before: '2020-01-01T00:00:00Z'\n"
        f"expires_at: '2099-01-01T00:00:00Z'\nbounds: {{{bounds}, max_concurrency: 1}}\n"
    )
    out = folder / "results"
    command = [sys.executable, "-m", "drs_conformance.cli", "run", "--seed", "1"]
    command += ["--target", str(folder / "target.yaml"), "--out", str(out)]
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            command, env={**ENVIRONMENT, **CREDENTIALS, **environment}, stdout=stdout, stderr=stderr
        )
        peak_mb, deadline = 0.0, time.monotonic() + LONGEST_S
        while process.poll() is None:
            peak_mb = max(peak_mb, _peak_mb(process.pid))
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise AssertionError(f"the run goes on after {LONGEST_S} s")
            time.sleep(_POLL_S)
        for stream in (stdout, stderr):
            stream.seek(0)
        return HostileRun(process.returncode, stdout.read(), stderr.read(), out, peak_mb)


def _peak_mb(pid: int) -> float:
    """Return the largest resident set of a process so far in megabytes (proc(5), VmHWM)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def assert_sober(run: HostileRun) -> None:
    """Whatever the endpoint did, the run ended in order, in time and within its memory."""
    assert run.code in (1, 3), run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert not run.with_verdict("harness-error"), run.stdout
    assert set(run.files()) >= FILES - {"declaration.json"}
    for path in run.files().values():
        content = path.read_bytes()
        assert b"Traceback" not in content
        assert not any(secret.encode() in content for secret in CREDENTIALS.values())
    assert run.peak_mb < PEAK_MB
    slow = [record for record in run.records() if record.get("elapsed_s", 0) > TIMEOUT_S + LATE_S]
    assert not slow
