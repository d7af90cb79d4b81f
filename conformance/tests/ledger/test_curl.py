"""A printed command sends the same request again."""

import os
import shutil
import subprocess
from dataclasses import replace

import pytest
from drs_conformance.ledger import (
    BEARER,
    CredentialField,
    Exchange,
    Ledger,
    ReplayDiverged,
    WireRequest,
    curl_command,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CONTROL = "sk-drs/Control+key=0123"


def run(command, **environ):
    if shutil.which("curl") is None:
        pytest.fail("this test needs curl")
    return subprocess.run(
        ["bash", "-c", command],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        timeout=10,
        check=False,
    )


def test_the_command_repeats_the_request_with_the_credential_of_the_environment(endpoint, record):
    server = endpoint()
    request = WireRequest(
        "POST",
        "/v1/../chat?a=$(id)&b='%20'[1-2]{x,y}",
        "control",
        (("Content-Type", "application/json"), ("X-Quote", 'it\'s "$HOME" `id`'), ("X-Empty", "")),
        b"""{"text": "it's $(id) `id` ${HOME} @file \\n"}""",
    )
    exchange = record(server.root).send("T", request)
    command = curl_command(exchange)
    assert CONTROL not in command
    assert '"Authorization: Bearer ${DRS_CONTROL}"' in command
    done = run(command, DRS_CONTROL=CONTROL, HOME="/elsewhere")
    assert (done.returncode, done.stderr) == (0, b"")
    sent, repeated = server.seen
    assert repeated.line == sent.line
    assert repeated.body == sent.body
    assert {**repeated.headers, "connection": "keep-alive"} == sent.headers


@pytest.mark.parametrize(
    ("field", "argument"),
    [
        (CredentialField("x-api-key"), '"x-api-key: ${DRS_CONTROL}"'),
        (CredentialField("X-Ticket", "Seat "), '"X-Ticket: Seat ${DRS_CONTROL}"'),
    ],
)
def test_a_credential_in_a_field_of_its_own(endpoint, record, tmp_path, field, argument):
    server = endpoint()
    ledger = record(server.root)
    request = WireRequest("GET", "/v1/x", "control", credential=field)
    exchange = ledger.send("T", request)
    ledger.close("end")
    assert server.seen[0].headers[field.name.lower()] == field.prefix + CONTROL
    assert "authorization" not in server.seen[0].headers
    command = curl_command(exchange)
    assert argument in command
    assert run(command, DRS_CONTROL=CONTROL).returncode == 0
    assert server.seen[1].headers[field.name.lower()] == field.prefix + CONTROL
    journal = (tmp_path / "run-1" / "journal.jsonl").read_text()
    assert CONTROL not in journal
    replayed = Ledger.replay(tmp_path / "run-1")
    assert replayed.send("T", request).sent_headers == exchange.sent_headers
    with pytest.raises(ReplayDiverged):
        Ledger.replay(tmp_path / "run-1").send("T", replace(request, credential=BEARER))
    with pytest.raises(ValueError, match="own"):
        replace(request, headers=((field.name.upper(), "mine"),))


@pytest.mark.parametrize("body", [b"\xff\x00\n", b"@/etc/hostname", b"", b"a\nb", "é".encode()])
def test_every_body_arrives_as_it_was(endpoint, record, body):
    server = endpoint()
    exchange = record(server.root).send("T", WireRequest("POST", "/x", None, (), body))
    done = run(curl_command(exchange))
    assert done.returncode == 0
    assert server.seen[1].body == body
    assert "content-type" not in server.seen[1].headers


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD", "PUT"])
def test_methods(endpoint, answers, record, method):
    server = endpoint(answers.response(b""))
    exchange = record(server.root).send("T", WireRequest(method, "/x", "control"))
    assert run(curl_command(exchange), DRS_CONTROL=CONTROL).returncode == 0
    assert server.seen[1].line == f"{method} /x HTTP/1.1"


TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXT, TEXT, st.text(max_size=30))
def test_no_text_of_an_exchange_is_run_or_expanded(tmp_path, path, value, body):
    """Paths may come from the target: they must not run commands nor read the environment."""
    exchange = Exchange(
        "x-000001", "T", 1, WireRequest("POST", "/", None, (), body.encode("utf-8", "replace")),
        200, (), b"", 0.0, "", "",
        url=f"http://127.0.0.1:1/{path}${{SECRET}}$(touch {tmp_path}/run)",
        sent_headers=(
            ("Authorization", "Bearer ${SECRET}"),
            ("X-A", f"{value}`touch {tmp_path}/run`"),
        ),
    )  # fmt: skip
    command = curl_command(exchange).replace("curl ", "printf '%s\\0' ", 1)
    if "| printf" in command:
        command = command.partition("| ")[2].partition("| ")[2]
    done = run(command, SECRET="leaked")
    assert done.returncode == 0
    assert b"leaked" not in done.stdout
    assert exchange.url.encode() in done.stdout
    assert not list(tmp_path.iterdir())
