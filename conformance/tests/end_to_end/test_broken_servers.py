"""Servers that are broken in every way: never a pass, never a traceback, never a hang.

Each fault is shown twice: from the first byte on, and behind a valid signed declaration.
"""

from __future__ import annotations

import base64
import gzip
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from endpoints import FILES, Run, drs
from raw_server import Answer, Answers, RawServer, Seen

PERSONAS = ("control", "fresh-1", "fresh-2", "throttled", "suspended", "terminated", "auditor")
CREDENTIALS = {
    f"DRS_{name.upper().replace('-', '_')}": f"drs-test-{name}-{'k' * 24}" for name in PERSONAS
}
WELL_KNOWN = "/.well-known/distillation-resistance"
CHAT = "/v1/chat/completions"
# What a run may take when every request runs into the timeout of a second.
LONGEST_S = 40
JSON = "application/json"
response, raw = Answers.response, Answers.raw

PAGE = b"<html><body><h1>It works!</h1></body></html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}


def completion(**changes: Any) -> bytes:
    return json.dumps({"id": "c", "model": "m", "choices": [CHOICE], **changes}).encode()


FAULTS: dict[str, Answer] = {
    "truncated body": raw(HEAD + b'Content-Length: 5000\r\n\r\n{"drs_version": "0.1", '),
    "truncated JSON": response(b'{"drs_version": "0.1", "choices": [{"index"'),
    "garbage": raw(bytes(range(256)) * 20),
    "closes at once": raw(b""),
    "resets": Answers.reset,
    "says nothing": Answers.silence,
    "drips its headers": Answers.drip(HEAD * 50, 0.05),
    "drips its body": Answers.drip(HEAD + b"Content-Length: 900\r\n\r\n" + b" " * 900, 0.05),
    "never ends": Answers.endless(b"x" * 65536),
    "500 only": response(b'{"error": "internal"}', 500),
    "503 only": response(b"", 503),
    "bare 429 only": response(b"", 429),
    "a page": response(PAGE, 200, media_type="text/html"),
    "a page as JSON": response(PAGE),
    "a page with 403": response(PAGE, 403, media_type="text/html"),
    "nothing with 200": response(b""),
    "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n", close=False),
    "null": response(b"null"),
    "a list": response(b"[]"),
    "an empty object": response(b"{}"),
    "deep JSON": response(b"[" * 50_000 + b"]" * 50_000),
    "huge JSON": response(b'"' + b"x" * 6_000_000 + b'"'),
    "invalid UTF-8": response(b'{"drs_version": "\xff\xfe"}'),
    "a member twice": response(b'{"drs_version": "0.1", "drs_version": "0.2"}'),
    "NaN": response(b'{"drs_version": NaN, "choices": NaN}'),
    "gzip unasked": response(gzip.compress(b"{}"), headers=(("Content-Encoding", "gzip"),)),
    "redirects in a circle": response(b"", 302, (("Location", WELL_KNOWN),)),
    "redirects elsewhere": response(b"", 307, (("Location", "http://127.0.0.1:9/x"),)),
}
CHAT_FAULTS: dict[str, Answer] = {
    "stream without an end": response(b'data: {"choices": []}\n\n', media_type="text/event-stream"),
    "choices of the wrong type": response(completion(choices="none")),
    "no choices": response(completion(choices=[])),
    "content of the wrong type": response(
        completion(choices=[{**CHOICE, "message": {"role": "assistant", "content": 7}}])
    ),
    "logprobs that are no numbers": response(
        completion(
            choices=[{**CHOICE, "logprobs": {"content": [{"token": "a", "logprob": "low"}]}}]
        )
    ),
    "a plain answer to everything": response(completion()),
}


def declaration(root: str) -> bytes:
    """Write a valid declaration by hand and sign it."""
    key = Ed25519PrivateKey.generate()
    now = datetime.now(UTC).replace(microsecond=0)
    plain = {
        "drs_version": "0.1",
        "issuer": root,
        "name": "Broken",
        "classes": ["provider"],
        "level": "L1",
        "issued_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "expires_at": f"{now + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}",
        "surfaces": [
            {
                "id": "chat",
                "dialect": "openai_chat",
                "path": CHAT,
                "models": ["m"],
                "streaming": True,
                "bounds": {"top_logprobs_max": 5, "logprob_decimals": 4, "choices_max": 2},
            }
        ],
        "ladder": {
            "states": ["standing", "observed", "throttled", "suspended", "terminated"],
            "quiet_s": {"observed": 60, "throttled": 60},
            "suspension_review_s": 600,
        },
        "control_plane": {
            "account": "/drs/v1/account",
            "appeals": "/drs/v1/appeals",
            "cases": "/drs/v1/cases",
            "test": "/drs/v1/test",
        },
        "notice": {"covert_delay_max_s": 60},
        "appeals": {"decision_max_s": 600, "contact": "mailto:a@lab.example"},
        "perturbation": [],
        "exemptions": [],
        "keys": [{"kid": "k1", "alg": "Ed25519", "public_key": _text(_public(key))}],
    }
    kind, body = b"application/vnd.drs.declaration+json", rfc8785.dumps(plain)
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
    proof = {"kid": "k1", "signature": _text(key.sign(signed))}
    return json.dumps({**plain, "proof": proof}).encode()


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def behind_a_declaration(fault: Answer) -> Answer:
    """Serve a valid declaration, and ``fault`` on every other path."""
    document: list[bytes] = []

    def answer(connection: socket.socket, seen: Seen) -> object:
        if WELL_KNOWN not in seen.line:
            return fault(connection, seen)
        if not document:
            document.append(declaration(f"http://{seen.headers['host']}"))
        return response(document[0], 200, (("Cache-Control", "max-age=60"),))(connection, seen)

    return answer


@pytest.fixture
def server() -> Iterator[RawServer]:
    running = RawServer([])
    yield running
    running.stop()


def run_against(server: RawServer, folder: Path) -> Run:
    personas = "".join(
        f"  {name}: {{credential: {variable}}}\n"
        for name, variable in zip(PERSONAS, CREDENTIALS, strict=True)
    )
    bounds = "max_requests: 200, max_output_tokens: 20000, max_cost_usd: 1"
    (folder / "target.yaml").write_text(
        f'drs_version: "0.1"\nname: Broken\nbase_url: {server.root}/v1\ndialect: openai_chat\n'
        f"model: m\nauthorisation: authorisation.yaml\npersonas:\n{personas}"
        f"budget: {{{bounds}}}\ntimeout_s: 1\n"
    )
    (folder / "authorisation.yaml").write_text(
        f'drs_version: "0.1"\nissued_by: Test\ncontact: mailto:t@lab.example\n'
        f"origins: ['{server.root}']\nnot_before: '2020-01-01T00:00:00Z'\n"
        f"expires_at: '2099-01-01T00:00:00Z'\nbounds: {{{bounds}, max_concurrency: 1}}\n"
    )
    out = folder / "results"
    began = time.monotonic()
    run = drs(
        "run", "--target", folder / "target.yaml", "--out", out, "--seed", "1",
        environment=CREDENTIALS, folder=out,
    )  # fmt: skip
    assert time.monotonic() - began < LONGEST_S
    return run


def assert_sober(run: Run) -> None:
    """Whatever the server did, the run ended in order and passes nothing it may not."""
    assert run.code in (1, 3), run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert not run.with_verdict("harness-error"), run.stdout
    assert set(run.files()) == FILES
    for path in run.files().values():
        assert b"Traceback" not in path.read_bytes()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_server_that_is_broken_from_the_first_byte(
    fault: str, server: RawServer, tmp_path: Path
) -> None:
    server.script.append(FAULTS[fault])
    run = run_against(server, tmp_path)
    assert_sober(run)
    # An empty object is a JSON object: all that the first requirement asks for.
    assert run.with_verdict("pass") <= ({"DCL-01"} if fault == "an empty object" else set())


@pytest.mark.parametrize("fault", [*FAULTS, *CHAT_FAULTS], ids=str)
def test_a_server_that_has_nothing_but_a_declaration(
    fault: str, server: RawServer, tmp_path: Path
) -> None:
    server.script.append(behind_a_declaration({**FAULTS, **CHAT_FAULTS}[fault]))
    run = run_against(server, tmp_path)
    assert_sober(run)
    passed = run.with_verdict("pass")
    assert {"DCL-01", "DCL-02", "DCL-03", "DCL-04"} <= passed
    wrongly = {i for i in passed if not i.startswith("DCL")}
    assert not wrongly, run.stdout
