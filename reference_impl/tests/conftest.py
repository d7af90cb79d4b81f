"""A real endpoint in a process of its own, and the schemas of the standard."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parents[2]
MODEL = "drs-reference-1"


@dataclass(frozen=True)
class Endpoint:
    """A running ``drs-reference serve --write-target``."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    @property
    def keys(self) -> dict[str, str]:
        lines = (self.folder / "credentials.env").read_text("utf-8").splitlines()
        pairs = (line.split("=", 1) for line in lines)
        return {name.removeprefix("DRS_").lower().replace("_", "-"): key for name, key in pairs}

    @property
    def log(self) -> str:
        return self.folder.with_suffix(".log").read_text("utf-8")

    def client(self, persona: str | None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.keys[persona]}"} if persona else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, trust_env=False)

    def call(self, persona: str | None, method: str, path: str, **options: Any) -> httpx.Response:
        with self.client(persona) as client:
            return client.request(method, path, **options)

    def test_mode(self, persona: str, action: str, document: Any = None) -> httpx.Response:
        path = f"/drs/v1/test/personas/{persona}/{action}"
        return self.call("auditor", "POST", path, json=document)

    def reset(self, persona: str) -> None:
        assert self.test_mode(persona, "reset").status_code == 200

    def flag(self, persona: str, *approvals: str, on: str = "evidence") -> dict[str, Any]:
        evidence = [{"kind": "coverage"}] if on == "evidence" else []
        document = {"on": on, "evidence": evidence, "approvals": list(approvals)}
        answer = self.test_mode(persona, "flag", document)
        assert answer.status_code == 200, answer.text
        state: dict[str, Any] = answer.json()
        return state

    def advance(self, persona: str, seconds: int) -> dict[str, Any]:
        answer = self.test_mode(persona, "advance", {"seconds": seconds})
        assert answer.status_code == 200, answer.text
        state: dict[str, Any] = answer.json()
        return state

    def standing(self, persona: str) -> dict[str, Any]:
        document: dict[str, Any] = self.call(persona, "GET", "/drs/v1/account").json()
        return document

    def case(self, case: str) -> dict[str, Any]:
        document: dict[str, Any] = self.call("auditor", "GET", f"/drs/v1/cases/{case}").json()
        return document

    def chat(self, persona: str | None, prompt: str = "What is 1 + 2?", **members: Any) -> Any:
        body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **members}
        body.setdefault("max_tokens", 4)
        return self.call(persona, "POST", "/v1/chat/completions", json=body)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)


Start = Callable[..., Endpoint]


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Starts endpoints: ``start(folder, *options)``; all are stopped at the end."""
    running: list[subprocess.Popen[str]] = []

    def started(folder: Path, *options: str) -> Endpoint:
        target = ("--write-target", str(folder))
        with folder.with_suffix(".log").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                (sys.executable, "-m", "drs_reference", "serve", *target, *options),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT / "reference_impl")},
            )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, folder.with_suffix(".log").read_text("utf-8")
        return Endpoint(process, json.loads(line)["url"], folder)

    yield started
    for process in running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def endpoint(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    """One endpoint for all tests that leave personas reset."""
    return start(tmp_path_factory.mktemp("endpoint") / "target")


@pytest.fixture
def fresh(endpoint: Endpoint) -> Iterator[str]:
    """A persona in good standing, reset before and after."""
    endpoint.reset("fresh-1")
    yield "fresh-1"
    endpoint.reset("fresh-1")


Conforms = Callable[[str, Any], None]


@pytest.fixture(scope="session")
def conforms() -> Conforms:
    """``conforms(kind, document)`` asserts that a document fulfils the published schema."""
    paths = (ROOT / "schemas" / "0.1").glob("*.schema.json")
    schemas = [json.loads(path.read_text("utf-8")) for path in paths]
    by_id = {schema["$id"]: schema for schema in schemas}
    resources = [(uri, Resource.from_contents(schema)) for uri, schema in by_id.items()]
    registry: Registry[Any] = Registry().with_resources(resources)

    def check(kind: str, document: Any) -> None:
        (uri,) = [uri for uri in by_id if uri.endswith(f"/{kind}.schema.json")]
        validator = Draft202012Validator(
            by_id[uri], registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        errors = [
            f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)
        ]
        assert not errors, f"not a {kind}: {errors}\n{document}"

    return check
