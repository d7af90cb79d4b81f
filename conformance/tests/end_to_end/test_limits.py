"""Nothing is sent without an authorisation; nothing is sent beyond the budget."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from drs_conformance.ledger import verify_journal
from endpoints import ENVIRONMENT, Endpoint, drs, probe
from raw_server import Answer, Answers, RawServer

BUSY = Answers.response(b"", 503, (("Retry-After", "3"),))


@contextlib.contextmanager
def counting_listener(port: int = 0) -> Iterator[tuple[int, list[object]]]:
    """Listen on a loopback port and note who connects."""
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(0.1)
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, peer = listener.accept()
                    seen.append(peer)
                    connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1], seen
        finally:
            done.set()
            thread.join()


def pointed_at(endpoint: Endpoint, port: int, folder: Path, **edits: str) -> Path:
    """Copy the target file so that it points at another port; ``edits`` replace its lines."""
    text = endpoint.target.read_text().replace(endpoint.url, f"http://127.0.0.1:{port}")
    authorisation = (endpoint.folder / "authorisation.yaml").read_text()
    authorisation = authorisation.replace(endpoint.url, f"http://127.0.0.1:{port}")
    for before, after in edits.items():
        assert before in authorisation + text, before
        text, authorisation = text.replace(before, after), authorisation.replace(before, after)
    (folder / "target.yaml").write_text(text)
    (folder / "authorisation.yaml").write_text(authorisation)
    return folder / "target.yaml"


def run_against(target: Path, endpoint: Endpoint, out: Path, *arguments: str):
    return drs(
        "run",
        "--target",
        target,
        "--out",
        out,
        *arguments,
        environment=endpoint.credentials,
        folder=out,
    )


@pytest.mark.parametrize(
    "fault", ["missing", "expired", "other-origin", "below-budget", "unset-credential", "garbage"]
)
def test_without_authorisation_nothing_is_sent(
    fault: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    with counting_listener() as (port, seen):
        target = pointed_at(endpoint, port, tmp_path)
        authorisation = tmp_path / "authorisation.yaml"
        credentials = dict(endpoint.credentials)
        if fault == "missing":
            authorisation.unlink()
        elif fault == "expired":
            text = authorisation.read_text()
            lines = [
                "expires_at: '2020-01-01T00:00:00Z'" if line.startswith("expires_at") else line
                for line in text.splitlines()
            ]
            authorisation.write_text("\n".join(lines))
        elif fault == "other-origin":
            authorisation.write_text(
                authorisation.read_text().replace(f"127.0.0.1:{port}", "127.0.0.1:1")
            )
        elif fault == "below-budget":
            target.write_text(
                target.read_text().replace("max_requests: 16000", "max_requests: 99999")
            )
        elif fault == "unset-credential":
            del credentials["DRS_CONTROL"]
        else:
            target.write_text("]")
        out = tmp_path / "results"
        run = drs("run", "--target", target, "--out", out, environment=credentials)
        time.sleep(0.2)
        assert run.code == 2, run.stdout
        assert run.stderr.startswith("drs: ")
        assert "Traceback" not in run.stderr
        assert seen == []
        assert not out.exists()


def test_plan_sends_nothing(endpoint: Endpoint, tmp_path: Path) -> None:
    with counting_listener() as (port, seen):
        target = pointed_at(endpoint, port, tmp_path)
        planned = drs("plan", "--target", target, environment=endpoint.credentials)
        time.sleep(0.2)
        assert planned.code == 0, planned.stderr
        assert "Nothing was sent." in planned.stdout
        assert seen == []


def test_it_stops_at_the_budget(endpoint: Endpoint, tmp_path: Path) -> None:
    run = probe(endpoint, tmp_path / "results", "--max-requests", "10")
    assert run.code == 3
    assert sum(record["kind"] == "intent" for record in run.records()) == 10
    assert run.with_verdict("inconclusive")
    assert not run.with_verdict("fail")
    assert not run.with_verdict("harness-error")
    assert run.result["stopped"] == "budget"


def test_a_budget_cannot_be_raised_on_the_command_line(endpoint: Endpoint, tmp_path: Path) -> None:
    assert probe(endpoint, tmp_path / "results", "--max-requests", "16001").code == 2


def test_nobody_listens(endpoint: Endpoint, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    target = pointed_at(endpoint, port, tmp_path)
    run = run_against(target, endpoint, tmp_path / "results")
    assert run.code == 3
    assert set(run.verdicts().values()) == {"untestable"}
    assert "refused" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_results_are_never_overwritten(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    run = run_against(endpoint.target, endpoint, tmp_path)
    assert run.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_an_unknown_requirement_is_a_usage_fault(endpoint: Endpoint, tmp_path: Path) -> None:
    run = probe(endpoint, tmp_path / "results", "--only", "DCL-77")
    assert run.code == 2
    assert "DCL-77" in run.stderr


@pytest.mark.parametrize("lines", [3, 20, 57, 120, 250])
def test_ctrl_c_keeps_the_journal_and_still_reports(
    lines: int, endpoint: Endpoint, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    running = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "drs_conformance.cli",
            "run",
            "--target",
            endpoint.target,
            "--out",
            out,
        ],
        env={**ENVIRONMENT, **endpoint.credentials},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = out / "journal.jsonl"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b"\n") > lines:
            break
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 3, stdout + stderr
    assert "Traceback" not in stdout + stderr
    assert verify_journal(journal).complete
    assert b'"stopped":"interrupted"' in (out / "result.json").read_bytes()


@pytest.mark.parametrize(
    ("answer", "timeout_s"),
    [(Answers.silence, 30), (Answers.drip(b"HTTP/1.1 200 OK\r\n" * 999, 0.05), 30), (BUSY, 1)],
    ids=["before an answer", "within an answer", "in the pause before a retry"],
)
def test_ctrl_c_does_not_wait_for_the_target(
    answer: Answer, timeout_s: int, endpoint: Endpoint, tmp_path: Path
) -> None:
    server = RawServer([answer])
    port = int(server.root.rpartition(":")[2])
    target = pointed_at(endpoint, port, tmp_path)
    target.write_text(f"{target.read_text()}timeout_s: {timeout_s}\n")
    out = tmp_path / "results"
    command = [sys.executable, "-m", "drs_conformance.cli", "run", "--target", target, "--out", out]
    running = subprocess.Popen(
        command,
        env={**ENVIRONMENT, **endpoint.credentials},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not server.seen and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    asked = time.monotonic()
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    server.stop()
    assert time.monotonic() - asked < 15
    assert running.returncode == 3, stdout + stderr
    assert "Traceback" not in stdout + stderr
    summary = verify_journal(out / "journal.jsonl")
    assert summary.complete
    assert summary.exchanges == len(server.seen) == 1
    assert len(summary.unanswered) == (answer is not BUSY)
    assert b'"stopped":"interrupted"' in (out / "result.json").read_bytes()
    replayed = drs("replay", out, folder=out)
    assert "byte for byte" in replayed.stdout, replayed.stdout + replayed.stderr


def test_the_target_can_be_started_by_the_run(tmp_path: Path) -> None:
    """A target file with ``start:`` is all that a lab's CI needs."""
    credentials = {
        f"DRS_{name}": f"drs-test-{name.lower()}-{os.urandom(20).hex()}"
        for name in (
            "CONTROL",
            *(f"FRESH_{number}" for number in range(1, 9)),
            "THROTTLED",
            "PERTURBED",
            "SUSPENDED",
            "TERMINATED",
            "AUDITOR",
        )
    }
    (tmp_path / "keys.env").write_text("".join(f"{n}={v}\n" for n, v in credentials.items()))
    personas = "\n".join(
        f"  {name.removeprefix('DRS_').lower().replace('_', '-')}: {{credential: {name}}}"
        for name in credentials
    )
    (tmp_path / "authorisation.yaml").write_text(
        'drs_version: "0.1"\nissued_by: Test\ncontact: mailto:test@lab.example\n'
        "origins: ['http://127.0.0.1:*']\nnot_before: '2020-01-01T00:00:00Z'\n"
        "expires_at: '2099-01-01T00:00:00Z'\n"
        "bounds: {max_requests: 2000, max_output_tokens: 60000, max_cost_usd: 1, "
        "max_concurrency: 1}\n"
    )
    (tmp_path / "target.yaml").write_text(
        f'drs_version: "0.1"\nname: Started\nbase_url: http://127.0.0.1:1/v1\n'
        f"dialect: openai_chat\nmodel: drs-reference-1\nauthorisation: authorisation.yaml\n"
        f"personas:\n{personas}\n"
        f"budget: {{max_requests: 2000, max_output_tokens: 60000, max_cost_usd: 1}}\n"
        f"start:\n  command: ['{sys.executable}', -m, drs_reference, serve, "
        f"--credentials, keys.env]\n"
    )
    run = drs(
        "run",
        "--target",
        tmp_path / "target.yaml",
        "--only",
        "DCL-03,EXP-01",
        "--out",
        tmp_path / "results",
        environment=credentials,
        folder=tmp_path / "results",
    )
    assert run.code == 0, run.stdout + run.stderr
