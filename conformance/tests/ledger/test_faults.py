"""Whatever a target or a network does becomes an exchange with a fault, in bounded time."""

import contextlib
import gzip
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from drs_conformance.ledger import TargetGone, WireRequest, classify
from drs_conformance.ledger.wire import Wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GET = WireRequest("GET", "/v1/thing", "control")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GARBAGE = b"garbage\r\n\r\n"
ATTEMPTS = 4


def test_a_truncated_body_is_a_protocol_fault(endpoint, answers, record):
    server = endpoint(answers.raw(HEAD + b"Content-Length: 100\r\n\r\nonly this"))
    exchange = record(server.root).send("T", GET)
    assert exchange.status is None
    assert exchange.fault.kind == "protocol"
    assert "status 200" in exchange.fault.detail
    assert "9 bytes" in exchange.fault.detail
    assert classify(exchange) == "infrastructure"


def test_a_broken_chunked_stream_is_a_protocol_fault(endpoint, answers, record):
    server = endpoint(answers.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nnot a chunk"))
    assert record(server.root).send("T", GET).fault.kind == "protocol"


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\x03 not HTTP at all\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 banana OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
    ],
    ids=["bytes", "other-protocol", "status", "field", "length", "huge-head"],
)
def test_garbage_instead_of_http_is_a_protocol_fault(endpoint, answers, record, garbage):
    server = endpoint(answers.raw(garbage))
    exchange = record(server.root).send("T", GET)
    assert (exchange.status, exchange.fault.kind) == (None, "protocol")
    assert len(server.seen) == ATTEMPTS


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=80).map(lambda data: b"HTTP/1.1 200 OK\r\n" + data),
        st.binary(max_size=80).map(lambda data: HEAD + b"\r\n" + data),
        st.sampled_from((b"101", b"103", b"199", b"204", b"304", b"999", b"000")).map(
            lambda status: b"HTTP/1.1 " + status + b" X\r\nContent-Length: 3\r\n\r\nabc"
        ),
    )
)
def test_no_bytes_at_all_make_sending_raise(endpoint, answers, data):
    server = endpoint(answers.raw(data))
    wire = Wire(server.root, timeout_s=0.3)
    taken = []
    wire.send([(GET, wire.headers(GET), None)], lambda _, received: taken.append(received))
    (received,) = taken
    wire.close()
    server.stop()
    assert (received.status is None) == (received.fault is not None)


@pytest.mark.parametrize(
    ("name", "detail"),
    [("silence", "no response line"), ("head", "no response line"), ("body", "status 200")],
)
def test_the_deadline_covers_the_whole_exchange(endpoint, answers, record, name, detail):
    """A byte every now and then resets a read timeout but not the deadline."""
    slow = {
        "silence": answers.silence,
        "head": answers.drip(HEAD * 9, 0.02),
        "body": answers.drip(HEAD + b"Content-Length: 900\r\n\r\n" + b"a" * 900, 0.004),
    }
    server = endpoint(slow[name])
    ledger = record(server.root, timeout_s=0.6)
    started = time.monotonic()
    exchange = ledger.send("T", GET)
    assert 0.5 < time.monotonic() - started < 1.5
    assert exchange.fault.kind == "timeout"
    assert detail in exchange.fault.detail
    assert len(server.seen) == 1


def test_an_endless_body_is_cut_off(endpoint, answers, record):
    server = endpoint(answers.endless(b"a" * 65536))
    exchange = record(server.root, timeout_s=5).send("T", GET)
    assert exchange.fault.kind == "too-large"
    assert "4194304" in exchange.fault.detail


def test_an_endless_trickle_meets_the_deadline(endpoint, answers, record):
    def trickle(connection, _):
        connection.sendall(HEAD + b"\r\n")
        while True:
            connection.sendall(b".")
            time.sleep(0.01)

    exchange = record(endpoint(trickle).root, timeout_s=0.4).send("T", GET)
    assert exchange.fault.kind == "timeout"


def test_an_encoded_body_is_a_fault_because_identity_was_asked_for(endpoint, answers, record):
    body = gzip.compress(b'{"a": 1}')
    server = endpoint(answers.response(body, headers=(("Content-Encoding", "gzip"),)))
    exchange = record(server.root).send("T", GET)
    assert exchange.fault.kind == "encoded"
    assert "gzip" in exchange.fault.detail
    assert server.seen[0].headers["accept-encoding"] == "identity"


def test_nobody_listening_is_a_connect_fault_and_not_retried(record):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ledger = record(f"http://127.0.0.1:{port}")
    exchange = ledger.send("T", GET)
    assert exchange.fault.kind == "connect"
    assert str(port) in exchange.fault.detail
    assert ledger.requests_used == 1


def test_a_source_address_that_this_machine_lacks_is_a_connect_fault(endpoint, record):
    personas = {"control": {"credential": "DRS_CONTROL", "source_address": "192.0.2.7"}}
    exchange = record(endpoint().root, personas=personas).send("T", GET)
    assert exchange.fault.kind == "connect"


def test_an_untrusted_certificate_is_a_connect_fault(record, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True).recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        ledger = record(f"https://127.0.0.1:{listener.getsockname()[1]}")
        exchange = ledger.send("T", GET)
        thread.join(5)
    assert exchange.fault.kind == "connect"
    assert "certificate" in exchange.fault.detail.lower()


def test_a_redirect_is_an_answer_and_never_followed(endpoint, answers, record):
    elsewhere = endpoint()
    location = (("Location", f"{elsewhere.root}/v1/other"),)
    server = endpoint(answers.response(b"", 302, location))
    exchange = record(server.root).send("T", GET)
    assert (exchange.status, exchange.fault) == (302, None)
    assert exchange.header("location") == f"{elsewhere.root}/v1/other"
    assert elsewhere.seen == []
    assert classify(exchange) == "answer"


def test_a_page_with_status_200_is_an_answer_with_its_media_type(endpoint, answers, record):
    server = endpoint(answers.response(b"<html>", media_type="text/HTML; charset=utf-8"))
    exchange = record(server.root).send("T", GET)
    assert exchange.media_type == "text/html"
    assert exchange.text() == "<html>"


def test_a_body_longer_than_its_length_is_cut_there(endpoint, answers, record):
    server = endpoint(answers.raw(HEAD + b"Content-Length: 2\r\n\r\n{}and more"))
    exchange = record(server.root).send("T", GET)
    assert exchange.body == b"{}"
    assert record(server.root).send("T", GET).status == 200


def test_what_was_lost_is_sent_again_at_most_three_times(endpoint, answers, record):
    lost = (answers.reset, answers.raw(GARBAGE), answers.response(b"", 500))
    server = endpoint(*lost, answers.response(b'{"ok": true}'))
    ledger = record(server.root)
    exchange = ledger.send("T", GET)
    assert (exchange.status, exchange.ordinal, exchange.id) == (200, 4, "x-000004")
    assert [e.fault and e.fault.kind for e in exchange.earlier] == ["reset", "protocol", None]
    assert (len(server.seen), ledger.requests_used) == (4, 4)

    server = endpoint(answers.reset)
    ledger = record(server.root)
    exchange = ledger.send("T", GET)
    assert exchange.fault.kind == "reset"
    assert (len(server.seen), ledger.requests_used) == (ATTEMPTS, ATTEMPTS)


def test_a_connection_closed_without_a_word_counts_as_reset(endpoint, answers, record):
    server = endpoint(answers.raw(b""), answers.response())
    exchange = record(server.root).send("T", GET)
    assert (exchange.status, len(server.seen)) == (200, 2)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_errors_of_the_infrastructure_are_sent_again(endpoint, answers, record, status):
    server = endpoint(answers.response(b"", status), answers.response(b"{}"))
    exchange = record(server.root).send("T", GET)
    assert (exchange.status, len(server.seen)) == (200, 2)


def test_retry_after_is_waited_for(endpoint, answers, record):
    server = endpoint(answers.response(b"", 503, (("Retry-After", "1"),)), answers.response())
    started = time.monotonic()
    assert record(server.root).send("T", GET).status == 200
    assert 1 <= time.monotonic() - started < 2


PROBLEM = (
    b'{"type": "https://distillation-resistance.example/problems#account-suspended",'
    b'"title": "t", "status": 503, "detail": "d"}'
)


@pytest.mark.parametrize(
    ("status", "body"), [(429, b""), (403, b""), (501, b""), (400, b""), (503, PROBLEM)]
)
def test_refusals_and_what_lasts_are_never_sent_again(endpoint, answers, record, status, body):
    server = endpoint(answers.response(body, status, (("Retry-After", "0"),)))
    assert record(server.root).send("T", GET).status == status
    assert len(server.seen) == 1


def test_three_failures_in_a_row_end_the_run(endpoint, answers, record):
    server = endpoint(answers.raw(GARBAGE))
    ledger = record(server.root)
    assert [ledger.send("T", GET).fault.kind for _ in range(3)] == ["protocol"] * 3
    with pytest.raises(TargetGone, match="3 times in a row"):
        ledger.send("U", GET)
    assert len(server.seen) == ledger.requests_used == 3 * ATTEMPTS


def test_an_answer_in_between_keeps_the_run_going(endpoint, answers, record):
    encoded = (("Content-Encoding", "gzip"),)
    bad, good = answers.response(headers=encoded), answers.response()
    server = endpoint(bad, bad, good, bad, bad, good)
    ledger = record(server.root)
    kinds = [ledger.send("T", GET).fault is None for _ in range(6)]
    assert kinds == [False, False, True, False, False, True]


def test_an_endpoint_that_only_fails_is_gone_after_three(endpoint, answers, record):
    server = endpoint(answers.response(b"", 500))
    ledger = record(server.root)
    assert [ledger.send("T", GET).status for _ in range(3)] == [500] * 3
    with pytest.raises(TargetGone):
        ledger.send("T", GET)


def test_one_broken_path_does_not_end_a_run(endpoint, answers, record):
    """Otherwise one defect would hide every other verdict."""
    server = endpoint(answers.response(), answers.response(b"", 500))
    ledger = record(server.root)
    assert [ledger.send("T", GET).status for _ in range(6)] == [200, 500, 500, 500, 500, 500]


def test_503_until_the_retries_end_counts_once_for_each_send(endpoint, answers, record):
    server = endpoint(answers.response(), answers.response(b"", 503, (("Retry-After", "0"),)))
    ledger = record(server.root)
    assert [ledger.send("T", GET).status for _ in range(4)] == [200, 503, 503, 503]
    with pytest.raises(TargetGone):
        ledger.send("T", GET)
    assert len(server.seen) == 1 + 3 * ATTEMPTS


def _self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
