"""A lab and a witness at work, as processes of their own.

Their suite is a copy of this one whose standard tests nothing by statistics: how a run is
registered, claimed and verified has nothing to do with how long it is.
"""

from __future__ import annotations

import atexit
import functools
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import endpoints
from drs_conformance.specification.location import standard_root
from endpoints import ENVIRONMENT, Endpoint, Run

_FENCE = re.compile(r"^```yaml requirement\n.*?^```$", re.M | re.S)


@functools.cache
def lean_suite() -> Path:
    """Copy the suite and the standard, in which what has a design is pending."""
    root = Path(tempfile.mkdtemp(prefix="drs-lean-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    for part in ("spec", "schemas", "conformance/drs_conformance"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(standard_root() / part, root / part, ignore=ignored)
    for chapter in root.glob("spec/*/*.md"):
        chapter.write_text(_FENCE.sub(_without_statistics, chapter.read_text("utf-8")), "utf-8")
    return root


def _without_statistics(fence: re.Match[str]) -> str:
    text = fence[0]
    if "\nexcluded: " in text:
        return text
    return text.replace("\ndesign: ", "\nexcluded: pending C\ndesign: ")


def lean(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which ``drs`` is that of the lean suite."""
    return {**(environment or {}), "PYTHONPATH": str(lean_suite() / "conformance")}


def drs(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Run:
    """Run the lean ``drs`` as a process of its own."""
    return endpoints.drs(*arguments, environment=lean(environment), folder=folder)


@dataclass(frozen=True)
class Lab:
    """A lab with its endpoint and the folder of its register; beside it that of a witness."""

    endpoint: Endpoint
    folder: Path

    @property
    def register(self) -> Path:
        return self.folder / "attempts.jsonl"

    @property
    def key(self) -> Path:
        return self.folder.parent / "witness" / "witness.key"

    @property
    def public_key(self) -> Path:
        return self.key.with_name("witness.key.pub")

    def target(self, **changes: str) -> Path:
        """Write a target file with a budget that is large enough, and some lines changed."""
        text = self.endpoint.target.read_text()
        for old, new in changes.items():
            text = text.replace(old, new) if old in text else f"{text}{new}"
        file = self.endpoint.folder / f"certify-{len(changes)}-{abs(hash(text))}.yaml"
        file.write_text(text)
        return file

    def enrol(self, *arguments: str | Path, target: Path | None = None) -> Run:
        """Register an attempt."""
        return drs(
            "register",
            "--target",
            target or self.target(),
            "--register",
            self.register,
            *arguments,
            environment=self.endpoint.credentials,
        )

    def sign(self, attempt: int) -> Path:
        """Let the witness sign, which has its key made when it has none."""
        if not self.key.exists():
            self.key.parent.mkdir(exist_ok=True)
            assert drs("witness", "keygen", "--out", self.key).code == 0
        signed = drs("witness", "sign", self.registration(attempt), "--key", self.key)
        assert signed.code == 0, signed.stdout + signed.stderr
        return self.registration(attempt, ".signed")

    def registration(self, attempt: int, suffix: str = "") -> Path:
        return self.folder / f"registration-{attempt}{suffix}.json"

    def arguments(self, registration: Path, out: Path, target: Path | None = None) -> list[str]:
        return [
            "run",
            *("--target", str(target or self.target())),
            *("--profile", "certify"),
            *("--registration", str(registration)),
            *("--register", str(self.register)),
            *("--out", str(out)),
        ]

    def run(
        self, registration: Path, out: Path, *arguments: str, target: Path | None = None
    ) -> Run:
        """Run for certification."""
        return drs(
            *self.arguments(registration, out, target),
            *arguments,
            environment=self.endpoint.credentials,
            folder=out,
        )

    def kill_a_run(self, registration: Path, out: Path, *arguments: str) -> None:
        """Begin a run and kill it after some requests."""
        begun = [*self.arguments(registration, out), *arguments]
        running = subprocess.Popen(
            [sys.executable, "-m", "drs_conformance.cli", *begun],
            env={**ENVIRONMENT, **lean(self.endpoint.credentials)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        journal = out / "journal.jsonl"
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if journal.exists() and journal.read_bytes().count(b"\n") > 20:
                break
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.wait(timeout=20)

    def claim(self, run: Run, out: Path, *arguments: str | Path) -> Run:
        """Make the claim of a run."""
        return drs(
            "claim", "--run", run.folder, "--register", self.register, "--out", out, *arguments
        )

    def lines(self) -> list[Any]:
        """Return the records of the register."""
        return [json.loads(line) for line in self.register.read_text("utf-8").splitlines()]


@dataclass(frozen=True)
class Certified:
    """A lab after an attempt that was killed and one that ended, and the claim of the latter."""

    lab: Lab
    run: Run
    claim: Path


def certify(endpoint: Endpoint, folder: Path) -> Certified:
    """Register, kill, register again, run, claim, and have the claim countersigned."""
    lab = Lab(endpoint, folder / "lab")
    lab.folder.mkdir()
    assert lab.enrol().code == 0
    lab.kill_a_run(lab.sign(1), folder / "killed")
    assert lab.enrol().code == 0
    run = lab.run(lab.sign(2), folder / "results")
    lab.claim(run, lab.folder / "claim.json")
    signed = drs("witness", "countersign", lab.folder / "claim.json", "--key", lab.key)
    assert signed.code == 0, signed.stdout + signed.stderr
    return Certified(lab, run, lab.folder / "claim.countersigned.json")
