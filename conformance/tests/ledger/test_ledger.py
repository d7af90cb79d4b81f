"""Budget, journal, replay and what a check gets to see."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import rfc8785
from drs_conformance.ledger import (
    AuthorisationLapsed,
    BudgetExhausted,
    CutOff,
    JournalDamaged,
    JournalExists,
    JournalUnwritable,
    Ledger,
    MalformedBody,
    ReplayDiverged,
    TargetGone,
    UnknownPersona,
    WireRequest,
    exchanges_of,
    read_journal,
    verify_journal,
)
from drs_conformance.specification.schemas import problems
from drs_conformance.target import AuthorisationError
from hostile.certificates import Authority
from raw_server import RawServer

GET = WireRequest("GET", "/v1/thing", "control")
POST = WireRequest(
    "POST", "/v1/chat", "fresh-1", (("Content-Type", "application/json"),), b'{"a": 1}', 10
)
CONTROL = "sk-drs/Control+key=0123"
# A fault after which nothing is sent again.
ENCODED = (("Content-Encoding", "gzip"),)


def journal_of(tmp_path, number=1):
    return tmp_path / f"run-{number}" / "journal.jsonl"


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def rechained(records):
    """Write records as a run would, with a chain that holds."""
    lines, prev = [], "0" * 64
    for number, record in enumerate(records, start=1):
        lines.append(rfc8785.dumps({**record, "seq": number, "prev": prev}))
        prev = hashlib.sha256(lines[-1]).hexdigest()
    return b"".join(line + b"\n" for line in lines)


# -- what goes out


def test_a_request_goes_out_as_any_client_would_send_it(endpoint, record):
    server = endpoint()
    record(server.root).send("EXP-01", POST)
    seen = server.seen[0]
    assert seen.line == "POST /v1/chat HTTP/1.1"
    assert seen.body == b'{"a": 1}'
    assert seen.peer == "127.0.0.3"
    assert seen.headers == {
        "host": server.root.removeprefix("http://"),
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "user-agent": f"python-httpx/{httpx.__version__}",
        "authorization": "Bearer sk-drs-fresh-1-abcdefgh",
        "content-type": "application/json",
        "content-length": "8",
    }
    assert "drs" not in seen.headers["user-agent"]


def test_accounts_have_their_own_addresses_and_connections(endpoint, record):
    server = endpoint()
    ledger = record(server.root)
    for persona in ("control", "fresh-1", None, "control", "fresh-1", None):
        ledger.send("T", WireRequest("GET", "/v1/thing", persona))
    assert [seen.peer for seen in server.seen] == ["127.0.0.2", "127.0.0.3", "127.0.0.1"] * 2
    assert [seen.connection for seen in server.seen] == [1, 2, 3] * 2
    assert "authorization" not in server.seen[2].headers


def test_accounts_share_no_tls_session(record, answers, tmp_path):
    authority = Authority(tmp_path)
    server = RawServer([answers.response()], authority.server())
    ledger = record(server.root, ca_file="ca.pem")
    for persona in ("control", "fresh-1", None, "control"):
        assert ledger.send("T", WireRequest("GET", "/v1/thing", persona)).status == 200
    server.stop()
    assert [seen.connection for seen in server.seen] == [1, 2, 3, 1]
    assert server.handshakes == [False] * 3


def test_paths_go_out_as_they_are_given(endpoint, record):
    server = endpoint()
    ledger = record(server.root)
    paths = ["/v1/../x", "/%2e%2E/%41?a=b&c=%20", "//other.example/x", "/a{b}|c", "/@other"]
    for path in paths:
        ledger.send("T", WireRequest("GET", path, "control"))
    assert [seen.line.split()[1] for seen in server.seen] == paths


def test_given_header_fields_replace_the_ordinary_ones(endpoint, record):
    server = endpoint()
    fields = (("user-agent", "Other/1"), ("ACCEPT", "text/event-stream"))
    record(server.root).send("T", WireRequest("GET", "/", "control", fields))
    assert server.seen[0].headers["user-agent"] == "Other/1"
    assert server.seen[0].headers["accept"] == "text/event-stream"


def test_cookies_are_not_kept(endpoint, answers, record):
    server = endpoint(answers.response(headers=(("Set-Cookie", "session=abc; Path=/"),)))
    ledger = record(server.root)
    exchange = ledger.send("T", GET)
    ledger.send("T", GET)
    assert exchange.header("set-cookie") == "[redacted]"
    assert "cookie" not in server.seen[1].headers


def test_proxies_of_the_environment_are_not_used(endpoint, record, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert record(endpoint().root).send("T", GET).status == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "http://other.example/"},
        {"path": "v1"},
        {"path": "/a b"},
        {"path": "/a#b"},
        {"path": "/a\r\nX: y"},
        {"method": "get"},
        {"headers": (("X", "a\r\nY: b"),)},
        {"headers": (("X Y", "a"),)},
        {"headers": (("Authorization", "Bearer x"),)},
        {"output_tokens": -1},
    ],
)
def test_requests_that_http_cannot_carry_are_refused(fields):
    with pytest.raises(ValueError, match=r"expected|speaks"):
        WireRequest(**{"method": "GET", "path": "/", "persona": "control", **fields})


def test_a_persona_that_the_target_file_lacks_is_an_error(endpoint, record):
    server = endpoint()
    with pytest.raises(UnknownPersona, match="control, fresh-1"):
        record(server.root).send("T", WireRequest("GET", "/", "auditor"))
    assert server.seen == []


# -- budget and authorisation


@pytest.mark.parametrize(
    ("budget", "prices", "fits", "unit"),
    [
        ({"max_requests": 2}, {}, 2, "requests"),
        ({"max_output_tokens": 25}, {}, 2, "output tokens"),
        ({"max_cost_usd": 0.0003}, {"output_usd_per_mtok": 10}, 3, "US dollars"),
        ({"max_cost_usd": 0.0003}, {"input_usd_per_mtok": 50}, 2, "US dollars"),
    ],
)
def test_nothing_is_written_or_sent_beyond_the_budget(
    endpoint, record, tmp_path, budget, prices, fits, unit
):
    server = endpoint()
    whole = {"max_requests": 100, "max_output_tokens": 1000, "max_cost_usd": 1, **budget}
    ledger = record(server.root, budget=whole, prices=prices)
    for _ in range(fits):
        ledger.send("T", POST)
    before = journal_of(tmp_path).read_bytes()
    with pytest.raises(BudgetExhausted, match=unit):
        ledger.send("T", POST)
    assert len(server.seen) == ledger.requests_used == fits
    assert journal_of(tmp_path).read_bytes() == before


def test_an_exhausted_budget_is_not_caught_as_an_exception():
    assert not issubclass(BudgetExhausted, Exception)
    assert not issubclass(AuthorisationLapsed, Exception)


def test_retries_are_billed(endpoint, answers, record):
    server = endpoint(answers.response(b"", 503, (("Retry-After", "0"),)))
    budget = {"max_requests": 2, "max_output_tokens": 100, "max_cost_usd": 1}
    ledger = record(server.root, budget=budget)
    with pytest.raises(BudgetExhausted):
        ledger.send("T", POST)
    assert (len(server.seen), ledger.requests_used, ledger.output_tokens_used) == (2, 2, 20)


def test_a_run_needs_an_authorisation_in_force(endpoint, make_target, tmp_path):
    target = make_target(endpoint().root)
    late = target.authorisation.expires_at + timedelta(seconds=1)
    with pytest.raises(AuthorisationError, match="ended"):
        Ledger.record(tmp_path / "run", target, {}, now=lambda: late)
    assert not (tmp_path / "run").exists()


def test_an_authorisation_that_ends_stops_the_run(endpoint, make_target, tmp_path):
    server = endpoint()
    target = make_target(server.root)
    times = [datetime(2026, 1, 1, tzinfo=UTC)]
    ledger = Ledger.record(tmp_path / "run", target, {}, now=lambda: times[0])
    ledger.send("T", GET)
    times[0] = target.authorisation.expires_at
    with pytest.raises(AuthorisationLapsed):
        ledger.send("T", GET)
    ledger.close("authorisation ended")
    assert len(server.seen) == 1


# -- what is seen and kept


def test_credentials_that_the_target_echoes_reach_neither_check_nor_journal(
    endpoint, answers, record, tmp_path
):
    server = endpoint(answers.echo)
    exchange = record(server.root).send("T", GET)
    assert server.seen[0].headers["authorization"] == f"Bearer {CONTROL}"
    assert exchange.json() == {"you are": "${DRS_CONTROL}"}
    assert exchange.header("x-echo") == "${DRS_CONTROL}"
    assert ("Authorization", "Bearer ${DRS_CONTROL}") in exchange.sent_headers
    assert CONTROL not in repr(exchange)
    assert CONTROL not in journal_of(tmp_path).read_text()


def test_credentials_across_chunk_borders_are_found(endpoint, answers, record, tmp_path):
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in f'"{CONTROL}"'.encode())
    server = endpoint(
        answers.raw(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        )
    )
    assert record(server.root).send("T", GET).body == b'"${DRS_CONTROL}"'


def test_credentials_in_garbage_do_not_reach_the_fault(endpoint, answers, record, tmp_path):
    garbage = f"HTTP/1.1 {CONTROL} OK\r\n{CONTROL}\r\n\r\n".encode()
    exchange = record(endpoint(answers.raw(garbage)).root).send("T", GET)
    assert exchange.fault.kind == "protocol"
    assert CONTROL not in exchange.fault.detail
    assert CONTROL not in journal_of(tmp_path).read_text()


def test_a_withheld_body_is_the_same_for_check_and_journal(endpoint, answers, record, tmp_path):
    events = "".join(f"data: {json.dumps({'content': c})}\n\n" for c in CONTROL)
    server = endpoint(answers.response(events.encode(), media_type="text/event-stream"))
    exchange = record(server.root).send("T", GET)
    assert "withheld" in exchange.json()
    response = lines_of(journal_of(tmp_path))[2]
    assert response["withheld"] is True
    assert response["body"]["text"] == exchange.text()
    assert response["body_bytes"] == len(events)


def test_nothing_is_logged_before_redaction(endpoint, record, caplog):
    caplog.set_level(0)
    record(endpoint().root).send("T", WireRequest("GET", f"/v1/{CONTROL}", "control"))
    assert CONTROL not in caplog.text


def test_every_kind_of_record_is_valid_and_private(endpoint, answers, record, tmp_path):
    server = endpoint(
        answers.response(b"\xff\x00", 503, (("Retry-After", "0"), ("X", "\xe9"))),
        answers.response(),
        answers.response(headers=ENCODED),
    )
    ledger = record(server.root)
    ledger.send("EXP-01", POST)
    ledger.send("EXP-01", GET)
    ledger.now()
    ledger.sleep(0)
    ledger.close("every check has run")
    records = lines_of(journal_of(tmp_path))
    kinds = "header intent response wait intent response intent fault clock wait footer"
    assert [record["kind"] for record in records] == kinds.split()
    assert [problems("journal-record", record) for record in records] == [[]] * len(records)
    assert records[2]["body"] == {"base64": "/wA="}
    assert records[4]["retry_of"] == records[1]["id"]
    assert journal_of(tmp_path).stat().st_mode & 0o777 == 0o600


def test_a_folder_takes_one_run(endpoint, record, make_target, tmp_path):
    record(endpoint().root)
    before = journal_of(tmp_path).read_bytes()
    with pytest.raises(JournalExists, match="--out"):
        Ledger.record(tmp_path / "run-1", make_target("http://127.0.0.1:1"), {})
    assert journal_of(tmp_path).read_bytes() == before


def test_a_closed_ledger_sends_nothing(endpoint, record):
    server = endpoint()
    ledger = record(server.root)
    ledger.close("done")
    with pytest.raises(JournalUnwritable, match="closed"):
        ledger.send("T", GET)
    assert server.seen == []


def test_credentials_in_the_run_header_and_in_the_reason_are_hidden(
    endpoint, make_target, tmp_path
):
    run = {"argv": ["--key", CONTROL], CONTROL: 1}
    ledger = Ledger.record(tmp_path / "run", make_target(endpoint().root), run)
    assert ledger.header["run"] == {"argv": ["--key", "${DRS_CONTROL}"], "${DRS_CONTROL}": 1}
    ledger.close(f"failed: {CONTROL}")
    assert CONTROL not in (tmp_path / "run" / "journal.jsonl").read_text()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "nothing"),
        (b"<html>", "JSON"),
        (b'{"a": 1, "a": 2}', "once"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": 1e999}', "double"),
        (b"[" * 101 + b"]" * 101, "levels"),
        (b"[" * 100_000, "levels"),
        (b'"\xff"', "UTF-8"),
        (b'"\\ud800"', "surrogate"),
        (b"1" * 5000, "double"),
    ],
)
def test_bodies_that_readers_would_disagree_about_are_malformed(
    endpoint, answers, record, body, reason
):
    exchange = record(endpoint(answers.response(body)).root).send("T", GET)
    with pytest.raises(MalformedBody, match=reason):
        exchange.json()
    assert isinstance(exchange.text(), str)


def test_repeated_header_fields_are_joined(endpoint, answers, record):
    server = endpoint(answers.response(headers=(("X-A", "1"), ("x-a", "2"))))
    exchange = record(server.root).send("T", GET)
    assert exchange.header("X-a") == "1, 2"
    assert exchange.header("x-b") is None


# -- replay


def recorded_run(endpoint, answers, record):
    """A run with a retry, a fault, a pause and the time; returns what it saw."""
    server = endpoint(
        answers.response(b'{"n": 1}'),
        answers.response(b"", 503, (("Retry-After", "0"),)),
        answers.response(b"\xff"),
        answers.response(headers=ENCODED),
    )
    ledger = record(server.root)
    seen = play(ledger)
    ledger.close("done")
    return seen


def play(ledger):
    first = ledger.send("EXP-01", POST)
    ledger.sleep(0.001)
    times = [ledger.now("EXP-01"), ledger.now(), ledger.now()]
    return [first, *times, ledger.send("EXP-02", GET), ledger.send("EXP-01", GET)]


def test_a_replay_gives_the_same_without_target_or_credentials(endpoint, answers, record, tmp_path):
    seen = recorded_run(endpoint, answers, record)
    replayed = Ledger.replay(tmp_path / "run-1")
    assert play(replayed) == seen
    assert (replayed.requests_used, replayed.output_tokens_used) == (4, 10)
    assert replayed.header["run"] == {"seed": 1}
    assert replayed.close("again")["reason"] == "done"


def test_lanes_replay_in_any_order_and_alone(endpoint, answers, record, tmp_path):
    first, *_, second, third = recorded_run(endpoint, answers, record)
    replayed = Ledger.replay(tmp_path / "run-1")
    assert replayed.send("EXP-02", GET) == second
    assert replayed.send("EXP-01", POST) == first
    assert replayed.send("EXP-01", GET) == third


def test_a_replay_that_asks_for_something_else_diverges(endpoint, answers, record, tmp_path):
    recorded_run(endpoint, answers, record)
    other = WireRequest("POST", "/v1/chat", "fresh-1", POST.headers, b'{"a": 2}', 10)
    with pytest.raises(ReplayDiverged, match="exchange 1 of EXP-01"):
        Ledger.replay(tmp_path / "run-1").send("EXP-01", other)
    with pytest.raises(ReplayDiverged, match="no exchange 1 of EXP-09"):
        Ledger.replay(tmp_path / "run-1").send("EXP-09", POST)
    with pytest.raises(ReplayDiverged, match="did not ask for the time"):
        Ledger.replay(tmp_path / "run-1").now("EXP-09")


def test_a_replay_stops_where_the_budget_stopped_the_run(endpoint, record, tmp_path):
    budget = {"max_requests": 1, "max_output_tokens": 1000, "max_cost_usd": 1}
    ledger = record(endpoint().root, budget=budget)
    ledger.send("EXP-01", GET)
    with pytest.raises(BudgetExhausted):
        ledger.send("EXP-02", GET)
    ledger.close("budget")
    with pytest.raises(BudgetExhausted):
        Ledger.replay(tmp_path / "run-1").send("EXP-02", GET)


def test_a_replay_stops_where_the_target_was_gone(endpoint, answers, record, tmp_path):
    ledger = record(endpoint(answers.raw(b"garbage\r\n\r\n")).root)
    for lane in ("EXP-01", "EXP-02", "EXP-03"):
        ledger.send(lane, GET)
    with pytest.raises(TargetGone):
        ledger.send("EXP-04", GET)
    ledger.close("target gone")
    with pytest.raises(TargetGone):
        Ledger.replay(tmp_path / "run-1").send("EXP-04", GET)


# -- damage


def test_a_journal_in_order_is_summarised(endpoint, answers, record, tmp_path):
    recorded_run(endpoint, answers, record)
    summary = verify_journal(journal_of(tmp_path))
    assert summary.complete
    assert (summary.exchanges, summary.unanswered) == (4, ())
    last = journal_of(tmp_path).read_bytes().splitlines()[-1]
    assert summary.last == hashlib.sha256(last).hexdigest()


@pytest.mark.parametrize("line", range(1, 14))
def test_any_changed_line_is_found(endpoint, answers, record, tmp_path, line):
    recorded_run(endpoint, answers, record)
    path = journal_of(tmp_path)
    lines = path.read_bytes().split(b"\n")
    lines[line - 1] = lines[line - 1].replace(b"2026", b"2036").replace(b'"2', b'"3')
    if lines[line - 1] == path.read_bytes().split(b"\n")[line - 1]:
        lines[line - 1] = lines[line - 1].replace(b"0", b"1")
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(JournalDamaged) as caught:
        verify_journal(path)
    assert caught.value.line in {line, line + 1}


def test_removed_doubled_and_swapped_lines_are_found(endpoint, answers, record, tmp_path):
    recorded_run(endpoint, answers, record)
    path = journal_of(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    for changed in (
        lines[:2] + lines[3:],
        lines[:3] + lines[2:],
        [*lines[:3], lines[4], lines[3], *lines[5:]],
        lines[1:],
        [*lines, lines[-1]],
    ):
        path.write_bytes(b"".join(changed))
        with pytest.raises(JournalDamaged):
            verify_journal(path)


def test_a_chain_that_holds_does_not_excuse_nonsense(endpoint, answers, record, tmp_path):
    recorded_run(endpoint, answers, record)
    path = journal_of(tmp_path)
    records = lines_of(path)
    intent, response, footer = records[1], records[2], records[-1]
    for changed in (
        [*records, {**footer, "reason": "twice"}],
        [records[0], response, intent],
        [records[0], intent, response, intent],
        [records[0], intent, response, response],
        [records[0], {**intent, "kind": "guess"}],
        [records[0], {k: v for k, v in intent.items() if k != "request"}],
        [records[0], {**intent, "request": 7}],
        [intent],
        [],
    ):
        path.write_bytes(rechained(changed))
        with pytest.raises(JournalDamaged):
            verify_journal(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"[]\n", b"7\n", b'{"a": NaN}\n', b"\xff\n"])
def test_files_that_are_no_journal_are_damaged(tmp_path, content):
    (tmp_path / "journal.jsonl").write_bytes(content)
    with pytest.raises(JournalDamaged):
        verify_journal(tmp_path / "journal.jsonl")
    with pytest.raises(JournalDamaged):
        verify_journal(tmp_path / "missing.jsonl")


def test_other_spellings_of_the_same_json_are_damage(endpoint, answers, record, tmp_path):
    recorded_run(endpoint, answers, record)
    path = journal_of(tmp_path)
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first.replace(b'"kind":', b'"kind": ') + b"".join(rest))
    with pytest.raises(JournalDamaged, match="canonical"):
        verify_journal(path)


def test_a_cut_off_line_and_a_missing_footer_are_reported_apart(
    endpoint, answers, record, tmp_path
):
    seen = recorded_run(endpoint, answers, record)
    path = journal_of(tmp_path)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    summary = verify_journal(path)
    assert (summary.footer, summary.truncated_bytes, summary.complete) == (None, 0, False)
    path.write_bytes(whole[:-5])
    summary = verify_journal(path)
    assert (summary.footer, summary.truncated_bytes) == (None, len(lines[-1]) - 5)
    path.write_bytes(b"".join(lines[:2]))
    assert verify_journal(path).unanswered == ("x-000001",)
    (censored,) = exchanges_of(read_journal(path)[0])
    assert censored.fault.kind == "censored"
    assert censored.request == seen[0].request
    with pytest.raises(CutOff):
        Ledger.replay(path.parent).send("EXP-01", POST)


def test_exchanges_can_be_listed_from_a_journal(endpoint, answers, record, tmp_path):
    first, *_, second, third = recorded_run(endpoint, answers, record)
    records, _ = read_journal(journal_of(tmp_path))
    listed = exchanges_of(records)
    assert [listed[0], listed[2], listed[3]] == [first, replace(second, earlier=()), third]
    assert second.earlier == (listed[1],)


KILLED = """
    import sys
    from pathlib import Path
    from drs_conformance.ledger import Ledger, WireRequest
    from drs_conformance.target import load_target
    import os

    target = load_target(Path(sys.argv[1]), os.environ)
    ledger = Ledger.record(Path(sys.argv[2]), target, {"seed": 1})
    ledger.send("EXP-01", WireRequest("GET", "/v1/first", "control"))
    ledger.send("EXP-01", WireRequest("GET", "/v1/second", "control"))
"""


def test_a_kill_while_waiting_leaves_a_durable_intent(endpoint, answers, make_target, tmp_path):
    """The server kills the client while it waits for the second answer."""
    processes = []

    def kill(connection, seen):
        os.kill(processes[0].pid, signal.SIGKILL)
        return answers.silence(connection, seen)

    server = endpoint(answers.response(b'{"n": 1}'), kill)
    target = make_target(server.root)
    environ = {**os.environ, "DRS_CONTROL": CONTROL, "DRS_FRESH_1": "sk-drs-fresh-1-abcdefgh"}
    arguments = [sys.executable, "-c", textwrap.dedent(KILLED), target.file, tmp_path / "run"]
    processes.append(subprocess.Popen(arguments, env=environ))
    assert processes[0].wait(20) == -signal.SIGKILL
    summary = verify_journal(tmp_path / "run" / "journal.jsonl")
    assert (summary.exchanges, summary.unanswered) == (2, ("x-000002",))
    assert (summary.footer, summary.truncated_bytes) == (None, 0)
    replayed = Ledger.replay(tmp_path / "run")
    assert replayed.send("EXP-01", WireRequest("GET", "/v1/first", "control")).json() == {"n": 1}
    with pytest.raises(CutOff):
        replayed.send("EXP-01", WireRequest("GET", "/v1/second", "control"))


def test_a_full_disk_stops_the_run_before_anything_is_sent(endpoint, make_target, tmp_path):
    """/dev/full fails on every write as a full disk does."""
    if not os.path.exists("/dev/full"):
        pytest.fail("this test needs /dev/full")
    server = endpoint()
    ledger = Ledger.record(tmp_path / "run", make_target(server.root), {})
    handle = next(
        int(name)
        for name in os.listdir("/proc/self/fd")
        if os.path.realpath(f"/proc/self/fd/{name}") == str(tmp_path / "run" / "journal.jsonl")
    )
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, handle)
    os.close(full)
    with pytest.raises(JournalUnwritable, match="No space left"):
        ledger.send("T", GET)
    with pytest.raises(JournalUnwritable):
        ledger.send("T", GET)
    with pytest.raises(JournalUnwritable):
        ledger.close("disk full")
    assert server.seen == []
