"""A run against the reference endpoint in good order."""

from __future__ import annotations

import json
import re
from datetime import datetime

from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.specification.schemas import problems
from endpoints import FILES, Endpoint, Run, drs, probe


def test_it_passes(good_run: Run) -> None:
    assert good_run.code == 0, good_run.stdout + good_run.stderr
    assert set(good_run.verdicts().values()) == {"pass"}


def test_every_tested_requirement_has_a_verdict(good_run: Run) -> None:
    catalogue = load_catalogue()
    expected = {
        r.id
        for r in catalogue.requirements
        if r.verify == "test" and r.excluded is None and "provider" in r.applies_to
    }
    assert set(good_run.verdicts()) == expected
    assert len(good_run.result["requirements"]) == len(catalogue.requirements)


def test_the_terminal_names_every_verdict(good_run: Run) -> None:
    for identifier in good_run.verdicts():
        assert re.search(rf"\b{identifier}\b", good_run.stdout), identifier
    assert "Traceback" not in good_run.stdout + good_run.stderr


def test_the_folder_is_complete(good_run: Run) -> None:
    assert set(good_run.files()) == FILES


def test_result_events_and_journal_follow_their_schemas(good_run: Run) -> None:
    checked = drs("validate", "result", good_run.folder / "result.json")
    assert checked.code == 0, checked.stdout
    for line in (good_run.folder / "events.jsonl").read_text("utf-8").splitlines():
        assert problems("event", json.loads(line)) == []
    for record in good_run.records():
        assert problems("journal-record", record) == []


def test_the_smoke_profile_is_small(good_run: Run) -> None:
    intents = [record for record in good_run.records() if record["kind"] == "intent"]
    assert len(intents) == good_run.result["spent"]["requests"] <= 1200
    began = datetime.fromisoformat(good_run.result["started_at"])
    ended = datetime.fromisoformat(good_run.result["ended_at"])
    assert (ended - began).total_seconds() < 180


def test_nothing_announces_a_probe(good_run: Run) -> None:
    for record in good_run.records():
        if record["kind"] == "intent":
            sent = json.dumps([record["sent_headers"], record["request"]["body"]]).lower()
            assert not re.search(r"\bdrs\b(?!-reference)|conformance|probe", sent), sent


def test_credentials_stand_nowhere(good_run: Run, endpoint: Endpoint) -> None:
    for path in good_run.files().values():
        content = path.read_text("utf-8")
        for name, value in endpoint.credentials.items():
            assert value not in content, (path, name)
    for value in endpoint.credentials.values():
        assert value not in good_run.stdout + good_run.stderr


def test_a_replay_gives_the_same_bytes(good_run: Run) -> None:
    again = drs("replay", good_run.folder)
    assert again.code == 0, again.stdout + again.stderr
    assert "byte for byte" in " ".join(again.stdout.split())


def test_a_replay_notices_an_edited_result(good_run: Run, tmp_path) -> None:
    for name in ("journal.jsonl", "result.json"):
        (tmp_path / name).write_bytes((good_run.folder / name).read_bytes())
    edited = (tmp_path / "result.json").read_bytes().replace(b'"fail":0', b'"fail":1')
    (tmp_path / "result.json").write_bytes(edited)
    assert drs("replay", tmp_path).code == 1


def test_a_replay_refuses_an_edited_journal(good_run: Run, tmp_path) -> None:
    journal = (good_run.folder / "journal.jsonl").read_bytes()
    (tmp_path / "journal.jsonl").write_bytes(journal.replace(b'"status":200', b'"status":201', 1))
    refused = drs("replay", tmp_path)
    assert refused.code == 2
    assert "digest" in refused.stderr


def test_each_report_can_be_written_again(good_run: Run) -> None:
    for form, file in (("html", "report.html"), ("junit", "junit.xml")):
        written = drs("report", good_run.folder, "--format", form)
        assert written.code == 0
        assert written.stdout == (good_run.folder / file).read_text("utf-8")
    summary = drs("report", good_run.folder, "--format", "markdown").stdout
    assert f"{len(good_run.verdicts())} tested requirements hold" in summary


def test_only_runs_what_was_asked_for_and_its_prerequisites(endpoint: Endpoint, tmp_path) -> None:
    run = probe(endpoint, tmp_path / "results", "--only", "DCL-05")
    assert run.code == 0
    assert set(run.verdicts()) == {"DCL-01", "DCL-02", "DCL-05"}
    assert run.result["claim"]["supported"] is False


def test_the_full_profile_passes_too(endpoint: Endpoint, tmp_path) -> None:
    run = drs(
        "run",
        "--target",
        endpoint.target,
        "--profile",
        "full",
        "--out",
        tmp_path / "results",
        environment=endpoint.credentials,
        folder=tmp_path / "results",
    )
    assert run.code == 0, run.stdout
