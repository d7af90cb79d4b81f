"""No credential stands in anything that a run leaves behind, however the target spells it."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from endpoints import Endpoint, Run, probe, serving


@pytest.fixture(scope="module")
def echoed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Endpoint, Run]]:
    """A run against an endpoint that echoes credentials everywhere."""
    folder = tmp_path_factory.mktemp("echo")
    command = [sys.executable, Path(__file__).with_name("echoing_endpoint.py")]
    with serving(command, folder / "target") as endpoint:
        yield endpoint, probe(endpoint, folder / "results")


def readings(text: str) -> Iterator[str]:
    """Yield a text as somebody who looks for credentials would read it."""
    yield text
    yield unquote(text)
    yield html.unescape(text)
    yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    for run in re.findall(r"[0-9a-fA-F]{16,}", text):
        yield bytes.fromhex(run[: len(run) // 2 * 2]).decode("latin-1")
    for run in re.findall(r"[A-Za-z0-9+/_-]{16,}", text):
        for start in range(4):
            chunk = run[start:].replace("-", "+").replace("_", "/")
            chunk = chunk[: len(chunk) // 4 * 4]
            yield base64.b64decode(chunk).decode("latin-1")


def strings(value: Any) -> Iterator[str]:
    """Yield every string of a JSON value, member names too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from itertools.chain.from_iterable(map(strings, (*value, *value.values())))
    elif isinstance(value, list):
        yield from itertools.chain.from_iterable(map(strings, value))


def streamed_text(body: str) -> str:
    """Put together what a streamed answer says."""
    events = re.findall(r"^data: (\{.*\})$", body, re.MULTILINE)
    return "".join(
        choice["delta"].get("content") or ""
        for event in map(json.loads, events)
        for choice in event["choices"]
    )


def test_the_endpoint_does_echo(echoed: tuple[Endpoint, Run]) -> None:
    _, run = echoed
    answers = [record for record in run.records() if record["kind"] == "response"]
    assert sum("${DRS_" in json.dumps(record) for record in answers) > 10
    assert "Traceback" not in run.stdout + run.stderr
    assert not run.with_verdict("harness-error"), run.stdout


def test_no_file_holds_a_credential(echoed: tuple[Endpoint, Run]) -> None:
    endpoint, run = echoed
    texts = [path.read_text("utf-8") for path in run.files().values()]
    for text in [*texts, run.stdout, run.stderr]:
        for reading in readings(text):
            for name, secret in endpoint.credentials.items():
                assert secret not in reading, name


def test_no_record_holds_a_credential_once_it_is_decoded(echoed: tuple[Endpoint, Run]) -> None:
    endpoint, run = echoed
    for record in run.records():
        for text in strings(record):
            said = itertools.chain(readings(text), [streamed_text(text)])
            for reading in said:
                assert not [n for n, s in endpoint.credentials.items() if s in reading]


def test_what_was_echoed_token_by_token_is_withheld(echoed: tuple[Endpoint, Run]) -> None:
    _, run = echoed
    withheld = [r for r in run.records() if r["kind"] == "response" and r.get("withheld")]
    assert withheld
