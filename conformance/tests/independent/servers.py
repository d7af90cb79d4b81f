"""Servers that this project did not write, and the target file of a lab that has nothing yet."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from endpoints import Endpoint

HERE = Path(__file__).parent
INSTALLED = HERE.parents[2] / ".servers"
PYTHON = INSTALLED / "venv/bin/python"
AIMOCK = INSTALLED / "node_modules/@copilotkit/aimock/dist/cli.js"
MODEL = "random"
SURFACES = {
    "openai_chat": ("/v1", "/v1/chat/completions"),
    "openai_responses": ("/v1", "/v1/responses"),
    "anthropic_messages": ("/v1", "/v1/messages"),
    "gemini_generate": ("/v1beta", "/v1beta/models/{model}:generateContent"),
}
"""By dialect, the path of the base URL and that of the declared surface."""
READY_WITHIN_S = 60
_URL = re.compile(r"http://127\.0\.0\.1:[1-9]\d*")
# Nothing that they start may speak to anybody: whatever takes a proxy is sent to a closed port.
_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "DO_NOT_TRACK": "1",
    "PYTHONUNBUFFERED": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1",
}


def _command(name: str, folder: Path) -> Sequence[str | Path]:
    node = shutil.which("node") or "node"
    return {
        "llama.cpp": (PYTHON, HERE / "llama_cpp.py", folder),
        "fakellm": (
            *(PYTHON.with_name("fakellm"), "serve", "--port", "0"),
            *("--config", HERE / "fakellm.yaml"),
        ),
        "aimock": (node, AIMOCK, "--port", "0", "--fixtures", HERE / "fixtures.json"),
    }[name]


@contextlib.contextmanager
def independent(name: str, folder: Path) -> Iterator[Endpoint]:
    """Run llama.cpp, fakellm or aimock on loopback; skip where it is not installed."""
    if not (INSTALLED / "installed").exists():
        assert not os.environ.get("CI"), "CI needs the servers that `make servers` installs"
        pytest.skip(f"{name} is not installed (`make servers`); the suite was not tried on it")
    folder.mkdir()
    with (folder / "log").open("w+") as log:
        server = subprocess.Popen(
            [*_command(name, folder)],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**_ENVIRONMENT, "HOME": str(folder)},
        )
        try:
            url = _ready(server, folder / "log")
            yield target(name, url, folder)
        finally:
            server.terminate()
            server.wait(timeout=20)


def _ready(server: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the log names the address."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        if found := _URL.search(log.read_text("utf-8")):
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"not ready, exit code {server.poll()}: {log.read_text('utf-8')}")


def target(name: str, url: str, folder: Path, dialect: str = "openai_chat") -> Endpoint:
    """Write the target files of a lab that has one ordinary account and nothing else."""
    now = datetime.now(UTC).replace(microsecond=0)
    documents = {
        "target": {
            "drs_version": "0.1",
            "name": name,
            "base_url": url + SURFACES[dialect][0],
            "dialect": dialect,
            "model": MODEL,
            "authorisation": "authorisation.yaml",
            "personas": {"control": {"credential": "LAB_CONTROL"}},
            "budget": {"max_requests": 500, "max_output_tokens": 50_000, "max_cost_usd": 1},
        },
        "authorisation": {
            "drs_version": "0.1",
            "issued_by": "the test that started it",
            "contact": "mailto:nobody@example.org",
            "origins": [url],
            "not_before": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "expires_at": f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "bounds": {
                "max_requests": 500,
                "max_output_tokens": 50_000,
                "max_cost_usd": 1,
                "max_concurrency": 1,
            },
        },
    }
    for file, document in documents.items():
        (folder / f"{file}.yaml").write_text(yaml.safe_dump(document), "utf-8")
    return Endpoint(url, folder, {"LAB_CONTROL": "an-ordinary-key-0123456789"})
