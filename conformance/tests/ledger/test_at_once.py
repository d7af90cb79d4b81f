"""Several requests at once: bounded, and the same whichever answer comes first."""

import json
import threading
import time

import pytest
from drs_conformance.chain import FIRST_PREV, line_digest, link
from drs_conformance.ledger import (
    BudgetExhausted,
    CutOff,
    JournalDamaged,
    Ledger,
    TargetGone,
    WireRequest,
    read_journal,
    verify_journal,
)
from drs_conformance.target import AuthorisationError

RUN = {"seed": 1}
VERSION = "0.1"


def budget(most, requests=1000):
    return {
        "max_requests": requests,
        "max_output_tokens": 0,
        "max_cost_usd": 0,
        "max_concurrency": most,
    }


def rechained(records):
    """Write records as a run would, with a chain that holds."""
    lines, prev = [], FIRST_PREV
    for number, record in enumerate(records, start=1):
        lines.append(link(record, number, prev))
        prev = line_digest(lines[-1])
    return b"".join(line + b"\n" for line in lines)


def requests(count):
    return [WireRequest("GET", f"/v1/{number}", "control") for number in range(count)]


class Crowd:
    """Answers later requests of a crowd sooner, and notes how many were there at once."""

    def __init__(self, answers):
        self._answers = answers
        self._lock = threading.Lock()
        self._present = 0
        self.most = 0

    def __call__(self, connection, seen):
        with self._lock:
            self._present += 1
            self.most = max(self.most, self._present)
        number = int(seen.line.split()[1].rpartition("/")[2])
        time.sleep(0.05 - 0.01 * (number % 4))
        with self._lock:
            self._present -= 1
        return self._answers.response(b'{"n": %d}' % number)(connection, seen)


@pytest.fixture
def crowd(answers):
    return Crowd(answers)


def test_as_many_as_allowed_are_under_way_and_answers_are_in_order(
    endpoint, crowd, record, tmp_path
):
    server = endpoint(crowd)
    ledger = record(server.root, budget=budget(4))
    seen = ledger.send_many("A", requests(10))
    assert [exchange.json()["n"] for exchange in seen] == list(range(10))
    assert [exchange.ordinal for exchange in seen] == list(range(1, 11))
    assert crowd.most == 4
    assert ledger.requests_used == len(server.seen) == 10
    ledger.close("completed")
    records, _ = read_journal(tmp_path / "run-1" / "journal.jsonl")
    kinds = [record["kind"][0] for record in records]
    assert "".join(kinds) == "h" + "iiiirrrr" * 2 + "iirr" + "f"
    answered = [record["id"] for record in records if record["kind"] == "response"]
    assert answered != sorted(answered), "the answers were to come in another order"
    assert Ledger.replay(tmp_path / "run-1").send_many("A", requests(10)) == seen


def test_one_at_a_time_unless_more_are_asked_for(endpoint, crowd, record):
    record(endpoint(crowd).root).send_many("A", requests(3))
    assert crowd.most == 1


def test_more_than_the_authorisation_allows_is_refused(endpoint, record):
    server = endpoint()
    with pytest.raises(AuthorisationError, match="max_concurrency"):
        record(server.root, budget=budget(9))
    assert server.seen == []


def test_every_intent_of_a_wave_is_there_before_any_of_it_is_sent(
    endpoint, answers, record, tmp_path
):
    journal = tmp_path / "run-1" / "journal.jsonl"
    counts = []

    def look(connection, seen):
        counts.append(journal.read_text().count('"kind":"intent"'))
        return answers.response()(connection, seen)

    record(endpoint(look).root, budget=budget(3)).send_many("A", requests(5))
    assert sorted(counts) == [3, 3, 3, 5, 5]


def test_what_calls_for_it_is_sent_again_after_the_wave(endpoint, answers, record, tmp_path):
    failed = set()

    def busy_once(connection, seen):
        if seen.line not in failed and "/v1/1 " in seen.line:
            failed.add(seen.line)
            fields = (("Retry-After", "0"),)
            return answers.response(b"busy", 503, fields, "text/plain")(connection, seen)
        return answers.response()(connection, seen)

    server = endpoint(busy_once)
    ledger = record(server.root, budget=budget(3))
    seen = ledger.send_many("A", requests(4))
    assert [exchange.status for exchange in seen] == [200] * 4
    assert [exchange.ordinal for exchange in seen] == [1, 4, 3, 5]
    assert [len(exchange.earlier) for exchange in seen] == [0, 1, 0, 0]
    ledger.close("completed")
    assert Ledger.replay(tmp_path / "run-1").send_many("A", requests(4)) == seen


def test_a_wave_that_does_not_fit_is_not_sent(endpoint, record, tmp_path):
    server = endpoint()
    ledger = record(server.root, budget=budget(3, requests=5))
    with pytest.raises(BudgetExhausted):
        ledger.send_many("A", requests(6))
    assert len(server.seen) == ledger.requests_used == 3
    ledger.close("budget")
    with pytest.raises(BudgetExhausted):
        Ledger.replay(tmp_path / "run-1").send_many("A", requests(6))


def test_a_target_that_is_gone_is_left_alone_after_a_wave(endpoint, answers, record):
    server = endpoint(answers.response(headers=(("Content-Encoding", "gzip"),)))
    ledger = record(server.root, budget=budget(4))
    with pytest.raises(TargetGone):
        ledger.send_many("A", requests(40))
    assert len(server.seen) == 4


def test_wherever_it_is_cut_off_it_goes_on(endpoint, answers, make_target, tmp_path):
    """No request of a wave is sent twice; those whose answer was not kept are censored."""
    server = endpoint(answers.response())
    target = make_target(server.root, budget=budget(3))
    ledger = Ledger.record(tmp_path / "whole", target, RUN)
    ledger.send_many("A", requests(5))
    lines = (tmp_path / "whole" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    ledger.close("completed")
    for number in range(1, len(lines) + 1):
        folder = tmp_path / f"cut-{number}"
        folder.mkdir()
        (folder / "journal.jsonl").write_bytes(b"".join(lines[:number]))
        kinds = [json.loads(line)["kind"] for line in lines[:number]]
        if number < len(lines):
            with pytest.raises(CutOff):
                Ledger.replay(folder).send_many("A", requests(5))
        server.seen.clear()
        resumed = Ledger.resume(folder, target, RUN, VERSION)
        seen = resumed.send_many("A", requests(5))
        resumed.close("completed")
        lost = [exchange for exchange in seen if exchange.fault is not None]
        assert len(lost) == kinds.count("intent") - kinds.count("response")
        sent = sorted(each.line.split()[1] for each in server.seen)
        assert sent == [f"/v1/{n}" for n in range(kinds.count("intent"), 5)]
        assert verify_journal(folder / "journal.jsonl").complete
        assert Ledger.replay(folder).send_many("A", requests(5)) == seen


def test_answers_belong_to_the_wave_before_them(endpoint, answers, record, tmp_path):
    ledger = record(endpoint(answers.response()).root, budget=budget(2))
    ledger.send_many("A", requests(4))
    ledger.close("completed")
    path = tmp_path / "run-1" / "journal.jsonl"
    header, one, two, first, second, three, four, *rest = map(
        json.loads, path.read_text().splitlines()
    )
    path.write_bytes(rechained([header, one, two, second, first, three, four, *rest]))
    assert verify_journal(path).complete
    for wrong in ([one, first, two, second, three, first], [one, two, first, three, second]):
        path.write_bytes(rechained([header, *wrong]))
        with pytest.raises(JournalDamaged, match="no intent of its own"):
            verify_journal(path)
