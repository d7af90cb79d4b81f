"""Starting endpoints and running ``drs`` against them, as a lab would."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
FILES = {
    "journal.jsonl",
    "events.jsonl",
    "result.json",
    "declaration.json",
    "report.html",
    "junit.xml",
    "intoto.json",
    "oscal/catalog.json",
    "oscal/assessment-plan.json",
    "oscal/assessment-results.json",
}
"""What a run leaves behind."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("DRS_")}


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint, its target folder and the credentials of its personas."""

    url: str
    folder: Path
    credentials: Mapping[str, str]

    @property
    def target(self) -> Path:
        return self.folder / "target.yaml"


@dataclass(frozen=True)
class Run:
    """What a finished ``drs`` left behind."""

    code: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def result(self) -> Any:
        return json.loads((self.folder / "result.json").read_bytes())

    def verdicts(self) -> dict[str, str]:
        """Return the verdicts of the tested requirements by identifier."""
        return {
            entry["id"]: entry["outcome"]["verdict"]
            for entry in self.result["requirements"]
            if entry["outcome"] is not None
        }

    def files(self) -> dict[str, Path]:
        """Return every file of the run by its name below the folder."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path for path in found}

    def with_verdict(self, verdict: str) -> set[str]:
        return {identifier for identifier, got in self.verdicts().items() if got == verdict}

    def records(self) -> list[Any]:
        """Return the records of the journal."""
        lines = (self.folder / "journal.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]


@contextlib.contextmanager
def serving(command: Sequence[str | Path], folder: Path) -> Iterator[Endpoint]:
    """Run a server that takes ``--write-target`` and stop it afterwards."""
    with (folder.parent / f"{folder.name}.log").open("w+b") as log:
        server = subprocess.Popen(
            [*command, "--write-target", folder], stdout=subprocess.PIPE, stderr=log
        )
        try:
            assert server.stdout is not None
            ready = server.stdout.readline()
            log.seek(0)
            assert ready, log.read().decode()
            lines = (folder / "credentials.env").read_text().splitlines()
            credentials = dict(line.split("=", 1) for line in lines if "=" in line)
            yield Endpoint(json.loads(ready)["url"], folder, credentials)
        finally:
            server.terminate()
            server.wait(timeout=20)
            if server.stdout is not None:
                server.stdout.close()


def reference(folder: Path, *options: str) -> contextlib.AbstractContextManager[Endpoint]:
    """Serve the reference endpoint."""
    return serving([sys.executable, "-m", "drs_reference", "serve", *options], folder)


def mutant(name: str, folder: Path, *options: str) -> contextlib.AbstractContextManager[Endpoint]:
    """Serve a mutant."""
    return serving([sys.executable, TESTS / "mutants", name, *options], folder)


def drs(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    timeout: float = 300,
) -> Run:
    """Run ``drs`` as a process of its own; ``folder`` is where its results lie."""
    done = subprocess.run(
        [sys.executable, "-m", "drs_conformance.cli", *map(str, arguments)],
        env={**ENVIRONMENT, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr, folder or Path())


def probe(endpoint: Endpoint, out: Path, *arguments: str | Path) -> Run:
    """Run ``drs run`` against an endpoint, always with the same examples."""
    return drs(
        "run",
        "--target",
        endpoint.target,
        "--out",
        out,
        "--seed",
        "1",
        *arguments,
        environment=endpoint.credentials,
        folder=out,
    )
