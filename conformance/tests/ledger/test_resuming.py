"""A run that was cut off goes on from its journal; what is recorded is not done again."""

import contextlib
import json
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from drs_conformance.ledger import (
    BudgetExhausted,
    CutOff,
    JournalDamaged,
    JournalUnwritable,
    Ledger,
    Registered,
    ReplayDiverged,
    ResumeRefused,
    TargetGone,
    WireRequest,
    read_journal,
    verify_journal,
)
from drs_conformance.specification.schemas import problems

RUN = {"seed": 1}
VERSION = "0.1"


def get(number):
    return WireRequest("GET", f"/v1/{number}", "control")


def ask(ledger):
    """Send what a run over two lanes would, with a pause and a look at the clock between."""
    seen = [ledger.send("A", get(1)), ledger.send("B", get(2))]
    ledger.sleep(0.05, "A")
    ledger.now("B")
    return [*seen, ledger.send("A", get(3)), ledger.send("B", get(4))]


@pytest.fixture
def begin():
    """Begin, or go on with, a run that is stopped when the test ends."""
    ledgers = []

    def start(kind, folder, target, **more):
        version = {"version": VERSION} if kind == "resume" else {}
        ledgers.append(getattr(Ledger, kind)(folder, target, RUN, **version, **more))
        return ledgers[-1]

    yield start
    for ledger in ledgers:
        with contextlib.suppress(JournalUnwritable):
            ledger.close("end of the test")


@pytest.fixture
def resume(begin):
    return partial(begin, "resume")


@pytest.fixture
def record(begin):
    return partial(begin, "record")


@pytest.fixture
def whole(endpoint, answers, make_target, tmp_path, record):
    """A target, the server behind it, and the lines of a journal without footer."""
    busy = answers.response(b"busy", 503, (("Retry-After", "0"),), "text/plain")
    server = endpoint(answers.response(b'{"n": 1}'), busy, answers.response(b'{"n": 2}'))
    target = make_target(server.root)
    ledger = record(tmp_path / "whole", target)
    ask(ledger)
    lines = (tmp_path / "whole" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    ledger.close("completed")
    server.script[:] = [answers.response(b'{"n": 3}')]
    return target, server, lines


def cut_off(tmp_path, lines, torn=b""):
    """Write a journal as a kill leaves it."""
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "journal.jsonl").write_bytes(b"".join(lines) + torn)
    return folder


def paths(records):
    return [record["request"]["path"] for record in records if record["kind"] == "intent"]


def test_wherever_it_is_cut_off_it_goes_on(whole, tmp_path, resume):
    """What the server gets is what the journal did not hold, and replay finds the whole."""
    target, server, lines = whole
    expected = paths(map(json.loads, lines))
    assert expected == ["/v1/1", "/v1/2", "/v1/2", "/v1/3", "/v1/4"]
    for number in range(1, len(lines) + 1):
        for torn in {0, len(lines[number]) // 2 if number < len(lines) else 5}:
            line = lines[number] if number < len(lines) else b'{"at":'
            folder = cut_off(tmp_path, lines[:number], line[:torn])
            before = paths(map(json.loads, lines[:number]))
            server.seen.clear()
            ledger = resume(folder, target)
            seen = ask(ledger)
            ledger.close("completed")
            records, summary = read_journal(folder / "journal.jsonl")
            assert summary.complete
            sent = [each.line.split()[1] for each in server.seen]
            assert before + sent == paths(records)
            assert len(summary.unanswered) <= 1
            (resumed,) = [record for record in records if record["kind"] == "resumed"]
            assert resumed["cut_bytes"] == torn
            assert [problems("journal-record", record) for record in records] == [[]] * len(records)
            replayed = Ledger.replay(folder)
            assert ask(replayed) == seen
            assert replayed.requests_used == ledger.requests_used == len(paths(records))


def test_the_first_request_after_the_gap_is_marked(whole, tmp_path, resume):
    target, _, lines = whole
    folder = cut_off(tmp_path, lines[:3])
    ledger = resume(folder, target)
    seen = ask(ledger)
    ledger.close("completed")
    assert [exchange.after_gap for exchange in seen] == [False, True, False, False]


def test_a_request_without_answer_is_billed_and_not_sent_again(whole, tmp_path, resume):
    target, server, lines = whole
    folder = cut_off(tmp_path, lines[:2])
    server.seen.clear()
    ledger = resume(folder, target)
    lost = ledger.send("A", get(1))
    assert lost.fault.kind == "censored"
    assert (ledger.requests_used, server.seen) == (1, [])
    assert ledger.send("B", get(2)).json() == {"n": 3}
    ledger.close("completed")
    assert verify_journal(folder / "journal.jsonl").unanswered == ("x-000001",)


def test_a_run_may_be_cut_off_again_and_again(whole, tmp_path, resume):
    target, server, lines = whole
    folder = cut_off(tmp_path, lines[:3])
    for number in (2, 3):
        ledger = resume(folder, target)
        for lane, request in zip("AB"[: number - 1], (get(1), get(2)), strict=False):
            ledger.send(lane, request)
        folder = cut_off(tmp_path, (folder / "journal.jsonl").read_bytes().splitlines(True))
    server.seen.clear()
    ledger = resume(folder, target)
    seen = ask(ledger)
    ledger.close("completed")
    assert [each.line.split()[1] for each in server.seen] == ["/v1/3", "/v1/4"]
    assert [exchange.after_gap for exchange in seen] == [False, True, True, False]
    records, _ = read_journal(folder / "journal.jsonl")
    assert [record["kind"] for record in records].count("resumed") == 3
    assert ask(Ledger.replay(folder)) == seen


def test_a_pause_that_may_have_been_cut_short_is_made(whole, tmp_path, resume):
    target, _, lines = whole
    kinds = [json.loads(line)["kind"] for line in lines]
    waits = [number for number, kind in enumerate(kinds) if kind == "wait"]
    assert len(waits) == 2
    took = {}
    for name, number in (("cut", waits[-1] + 1), ("done", len(lines))):
        ledger = resume(cut_off(tmp_path, lines[:number]), target)
        ledger.send("A", get(1))
        ledger.send("B", get(2))
        began = time.monotonic()
        ledger.sleep(0.05, "A")
        took[name] = time.monotonic() - began
        ledger.close("completed")
    assert took["cut"] >= 0.05 > took["done"]


def test_the_times_that_were_told_are_told_again(whole, tmp_path, resume):
    target, _, lines = whole
    clock = next(r for r in map(json.loads, lines) if r["kind"] == "clock")
    ledger = resume(cut_off(tmp_path, lines), target)
    assert ledger.now("B") == datetime.fromisoformat(clock["at"])
    ask_again = datetime.now(UTC)
    with pytest.raises(ReplayDiverged, match="the time for B"):
        ledger.now("B")
    for lane, number in (("A", 1), ("B", 2), ("A", 3), ("B", 4)):
        ledger.send(lane, get(number))
    assert ledger.now("B") >= ask_again


def test_a_run_that_asks_for_something_else_is_not_gone_on_with(whole, tmp_path, resume):
    target, server, lines = whole
    server.seen.clear()
    for lane, number in (("A", 2), ("C", 1)):
        ledger = resume(cut_off(tmp_path, lines), target)
        with pytest.raises(ReplayDiverged):
            ledger.send(lane, get(number))
    ledger = resume(cut_off(tmp_path, lines), target)
    with pytest.raises(ReplayDiverged, match="paused"):
        ledger.sleep(7, "A")
    assert server.seen == []


def test_budget_and_circuit_go_on_too(endpoint, answers, make_target, tmp_path, record, resume):
    server = endpoint(answers.response(b"{}", 504, (("Retry-After", "0"),)))
    target = make_target(
        server.root, budget={"max_requests": 9, "max_output_tokens": 0, "max_cost_usd": 0}
    )
    ledger = record(tmp_path / "whole", target)
    ledger.send("A", get(1))
    ledger.send("A", get(2))
    lines = (tmp_path / "whole" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    ledger = resume(cut_off(tmp_path, lines), target)
    ledger.send("A", get(1))
    ledger.send("A", get(2))
    with pytest.raises(BudgetExhausted):
        ledger.send("A", get(3))
    server.script[:] = [answers.response(headers=(("Content-Encoding", "gzip"),))]
    wider = replace(target, budget=replace(target.budget, max_requests=99))
    ledger = record(tmp_path / "wider", wider)
    ledger.send("A", get(1))
    ledger.send("A", get(2))
    lines = (tmp_path / "wider" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    ledger = resume(cut_off(tmp_path, lines), wider)
    for number in (1, 2, 3):
        ledger.send("A", get(number))
    with pytest.raises(TargetGone):
        ledger.send("A", get(4))


def test_another_run_is_refused(whole, make_target, tmp_path, resume):
    target, server, lines = whole
    folder = cut_off(tmp_path, lines)
    journal = (folder / "journal.jsonl").read_bytes()
    server.seen.clear()
    other_budget = replace(target, budget=replace(target.budget, max_requests=7))
    for other, run, version, told in (
        (replace(target, model="m"), RUN, VERSION, "/target/model was 'model-1' and is 'm'"),
        (other_budget, RUN, VERSION, "/target/budget/max_requests was 1000 and is 7"),
        (target, {"seed": 2}, VERSION, "/run/seed was 1 and is 2"),
        (target, {"seed": 1, "waivers": []}, VERSION, "/run/waivers was None"),
        (target, RUN, "0.2", "/drs_version was '0.1' and is '0.2'"),
    ):
        with pytest.raises(ResumeRefused, match=told):
            Ledger.resume(folder, other, run, version)
    assert (folder / "journal.jsonl").read_bytes() == journal
    assert server.seen == []


def test_a_registered_run_is_refused(endpoint, make_target, tmp_path, record, resume):
    target = make_target(endpoint().root)
    record(tmp_path / "whole", target, registered=Registered({"attempt": 1}, b"x" * 32))
    lines = (tmp_path / "whole" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    with pytest.raises(ResumeRefused, match="register another"):
        resume(cut_off(tmp_path, lines), target)


def test_a_run_that_ended_is_refused(whole, tmp_path, resume):
    target, _, _ = whole
    with pytest.raises(JournalUnwritable, match=r"has ended \(completed\)"):
        resume(tmp_path / "whole", target)


def test_a_run_that_is_still_under_way_is_refused(whole, tmp_path, resume):
    target, _, lines = whole
    folder = cut_off(tmp_path, lines)
    ledger = resume(folder, target)
    with pytest.raises(JournalUnwritable, match="still being written"):
        resume(folder, target)
    assert len(ask(ledger)) == 4
    ledger.close("completed")


def test_an_edited_journal_is_refused(whole, tmp_path, resume):
    target, _, lines = whole
    folder = cut_off(tmp_path, [*lines[:2], lines[2].replace(b'"status":200', b'"status":201')])
    (folder / "journal.jsonl").write_bytes((folder / "journal.jsonl").read_bytes() + lines[3])
    with pytest.raises(JournalDamaged):
        resume(folder, target)


def test_a_replay_of_what_was_cut_off_ends_where_it_was(whole, tmp_path):
    _, _, lines = whole
    for number in (1, 2, 3):
        replayed = Ledger.replay(cut_off(tmp_path, lines[:number]))
        if number == 3:
            assert replayed.send("A", get(1)).json() == {"n": 1}
        with pytest.raises(CutOff):
            replayed.send("A" if number < 3 else "B", get(1 if number < 3 else 2))
