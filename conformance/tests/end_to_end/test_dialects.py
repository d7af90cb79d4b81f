"""Runs in each dialect: what it cannot ask for is not applicable, and all else is tested."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from drs_conformance.specification.location import schema_folder
from endpoints import Endpoint, Run, drs
from raw_server import Answers, RawServer, Seen

BASES = {
    "openai_responses": "/v1",
    "anthropic_messages": "/v1",
    "gemini_generate": "/v1beta",
}
NOT_APPLICABLE = {
    "openai_responses": set(),
    "anthropic_messages": {"EXP-02", "EXP-04", "EXP-05", "EXP-08", "EXP-09", "STD-03"},
    "gemini_generate": set(),
}
EXPOSURE = ("EXP-01", "EXP-03", "EXP-05", "EXP-06")


def probe_in(dialect: str, endpoint: Endpoint, folder: Path, *arguments: str) -> Run:
    """Run against the surface of another dialect of the same endpoint."""
    target = yaml.safe_load(endpoint.target.read_text("utf-8"))
    target |= {"dialect": dialect, "base_url": endpoint.url + BASES[dialect]}
    target["authorisation"] = str(endpoint.folder / target["authorisation"])
    file = folder / "target.yaml"
    file.write_text(yaml.safe_dump(target), "utf-8")
    out = folder / "results"
    common = ("run", "--target", file, "--out", out, "--seed", "1", *arguments)
    return drs(*common, environment=endpoint.credentials, folder=out)


def sent_fields(run: Run) -> set[str]:
    """Return the fields in which credentials went out, by journal."""
    return {
        f"{record['request']['path'].partition('?')[0]}: {name}"
        for record in run.records()
        if record["kind"] == "intent"
        for name, value in record["sent_headers"]
        if "${" in value
    }


def outcome(run: Run, identifier: str) -> dict[str, str]:
    """Return what a run found of a requirement."""
    found = [item for item in run.result["requirements"] if item["id"] == identifier]
    result: dict[str, str] = found[0]["outcome"]
    return result


def test_what_a_dialect_lacks_is_not_applicable_and_core_requirements_are_judged(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    run = probe_in("anthropic_messages", endpoint, tmp_path, "--only", ",".join(EXPOSURE))
    assert run.code == 0, run.stdout + run.stderr
    verdicts = run.verdicts()
    assert {verdicts[name] for name in EXPOSURE} == {"pass", "not-applicable"}
    assert verdicts["EXP-05"] == "not-applicable"
    assert outcome(run, "EXP-05")["summary"] == (
        "the dialect anthropic_messages has neither log-probabilities nor several choices (n)"
    )
    assert "/v1/messages: x-api-key" in sent_fields(run)
    replayed = drs("replay", run.folder, "EXP-03", environment={})
    assert replayed.code == 0, replayed.stdout + replayed.stderr


@pytest.mark.long
@pytest.mark.parametrize("dialect", BASES)
def test_the_reference_passes_in_each_dialect(
    dialect: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    run = probe_in(dialect, endpoint, tmp_path)
    assert run.code == 0, run.stdout + run.stderr
    assert run.with_verdict("not-applicable") == NOT_APPLICABLE[dialect]
    assert set(run.verdicts().values()) <= {"pass", "not-applicable"}


TICKET = "ticket-of-the-control-1234"


def parlour(connection: socket.socket, seen: Seen) -> object:
    """Answer as the dialect of the example `invented.json` does; everything else is not found."""
    path = seen.line.split(" ")[1]
    if seen.headers.get("x-ticket") != f"Seat {TICKET}":
        return Answers.response(b"{}", 404)(connection, seen)
    talk = json.loads(seen.body)["talk"]
    words = f"You said: {talk['turns'][-1]['words'][0]}"
    if path == "/engines/small/say":
        body = json.dumps({"said": {"words": words, "why": "done"}}).encode()
        return Answers.response(body)(connection, seen)
    if path == "/engines/small/say-slowly?form=events":
        events = ({"words": words[:3]}, {"words": words[3:], "why": "long"})
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return Answers.response(text.encode(), media_type="text/event-stream")(connection, seen)
    return Answers.response(b"{}", 404)(connection, seen)


@pytest.fixture
def invented(tmp_path: Path) -> Iterator[Path]:
    """A target folder for a running server whose dialect only a file describes."""
    server = RawServer([parlour])
    description = schema_folder("0.1") / "examples" / "valid" / "dialect" / "invented.json"
    (tmp_path / "our-api.yaml").write_text(description.read_text("utf-8"), "utf-8")
    target = {
        "drs_version": "0.1",
        "name": "Parlour",
        "base_url": server.root,
        "dialect": {"file": "our-api.yaml"},
        "model": "small",
        "authorisation": "authorisation.yaml",
        "personas": {"control": {"credential": "DRS_CONTROL"}},
        "budget": {"max_requests": 50, "max_output_tokens": 5000, "max_cost_usd": 1},
    }
    permit = {
        "drs_version": "0.1",
        "issued_by": "A test",
        "contact": "nobody@example.com",
        "origins": [server.root],
        "not_before": "2020-01-01T00:00:00Z",
        "expires_at": "2999-01-01T00:00:00Z",
        "bounds": {
            "max_requests": 50,
            "max_output_tokens": 5000,
            "max_cost_usd": 1,
            "max_concurrency": 1,
        },
    }
    for name, document in (("target", target), ("authorisation", permit)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(document), "utf-8")
    yield tmp_path
    server.stop()


def test_a_described_dialect_is_spoken_and_replayed_from_the_journal_alone(invented: Path) -> None:
    target = ("--target", invented / "target.yaml")
    environment = {"DRS_CONTROL": TICKET}
    plan = drs("plan", *target, environment=environment)
    assert "Dialect: parlour, which has no limit on the mass" in " ".join(plan.stdout.split())
    out = invented / "results"
    arguments = ("--only", "DCL-01", "--seed", "1", "--out", out)
    run = drs("run", *target, *arguments, environment=environment, folder=out)
    assert run.code == 1, run.stdout + run.stderr
    told = "/engines/small/say answers in the dialect parlour, with streams; a declaration would"
    assert outcome(run, "DCL-01")["cause"].startswith(told)
    assert TICKET not in "".join(file.read_text("utf-8") for file in out.glob("*.jsonl"))
    for name in ("our-api.yaml", "target.yaml", "authorisation.yaml"):
        (invented / name).unlink()
    replayed = drs("replay", out, "DCL-01", environment={})
    assert "DCL-01" in replayed.stdout, replayed.stderr
    assert replayed.code == run.code
