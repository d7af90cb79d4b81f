"""HTTP that is slow, cut off, contradictory or endless."""

from __future__ import annotations

import socket
import time

from raw_server import Answer, Answers, Seen

response, raw = Answers.response, Answers.raw
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"


def _flood(piece: bytes, begin: bytes = b"") -> Answer:
    """Send ``piece`` again and again until nobody listens."""

    def answer(connection: socket.socket, _: Seen) -> object:
        connection.sendall(begin)
        block = piece * (65536 // len(piece) or 1)
        while True:
            connection.sendall(block)

    return answer


def _reset_after(data: bytes) -> Answer:
    def answer(connection: socket.socket, seen: Seen) -> object:
        connection.sendall(data)
        time.sleep(0.02)
        return Answers.reset(connection, seen)

    return answer


def _early(connection: socket.socket, seen: Seen) -> object:
    """Answer, and a moment later answer a request that nobody made."""
    connection.sendall(WHOLE)
    time.sleep(0.02)
    connection.sendall(WHOLE)
    return None


FRAMING: dict[str, Answer] = {
    "closes at once": raw(b""),
    "resets": Answers.reset,
    "says nothing": Answers.silence,
    "drips its headers": Answers.drip(HEAD * 50, 0.05),
    "drips its body": Answers.drip(HEAD + b"Content-Length: 900\r\n\r\n" + b" " * 900, 0.05),
    "never ends": Answers.endless(b"x" * 65536),
    "never ends, in chunks": _flood(
        b"1000\r\n" + b"x" * 4096 + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    ),
    "chunk extensions without end": _flood(
        b";x=y" * 99, HEAD + b"Transfer-Encoding: chunked\r\n\r\n1"
    ),
    "a chunk of 16 exabytes": raw(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}"
    ),
    "trailers without end": _flood(
        b"X-T: y\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    ),
    "resets in the middle of its headers": _reset_after(HEAD),
    "resets in the middle of its body": _reset_after(HEAD + b"Content-Length: 50\r\n\r\n{"),
    "garbage": raw(bytes(range(256)) * 20),
    "no status line": raw(b"\r\n" * 5000),
    "HTTP/0.9": raw(b"<h1>It works!</h1>"),
    "HTTP/2 preface": raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "length too short": raw(HEAD + b'Content-Length: 1\r\n\r\n{"a": 1}', close=False),
    "length too long": raw(HEAD + b"Content-Length: 5000\r\n\r\n{}"),
    "length of 1e30": raw(HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}"),
    "length that is no number": raw(HEAD + b"Content-Length: two\r\n\r\n{}"),
    "two lengths": raw(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
    "length and chunks": raw(
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ),
    "an unknown transfer coding": raw(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "folded headers": raw(HEAD + b"X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}"),
    "NUL in a header": raw(HEAD + b"X-N: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
    "204 with a body": raw(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}"),
    "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n", close=False),
    "status 000": raw(b"HTTP/1.1 000 ?\r\nContent-Length: 2\r\n\r\n{}"),
    "status 999": raw(b"HTTP/1.1 999 ?\r\nContent-Length: 2\r\n\r\n{}"),
    "1xx without end": _flood(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "a thousand 1xx": raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + WHOLE, close=False),
    "upgrades": raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + b"x" * 999),
    "many headers": raw(HEAD + b"A: b\r\n" * 12_000 + b"Content-Length: 2\r\n\r\n{}"),
    "headers without end": _flood(b"X-Flood: y\r\n", HEAD),
    "a huge header": raw(HEAD + b"X-H: " + b"h" * 90_000 + b"\r\nContent-Length: 2\r\n\r\n{}"),
    "a header without end": _flood(b"h" * 999, HEAD + b"X-H: "),
    "says keep-alive and closes": raw(
        HEAD + b"Connection: keep-alive\r\nKeep-Alive: timeout=999\r\nContent-Length: 2\r\n\r\n{}"
    ),
    "says close and stays": raw(
        HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", close=False
    ),
    "answers before the request": _early,
    "two answers to one request": raw(WHOLE * 2, close=False),
    "redirects in a circle": response(
        b"", 302, (("Location", "/.well-known/distillation-resistance"),)
    ),
    "redirects to itself for ever": response(b"", 308, (("Location", ""),)),
    "redirects to a file": response(b"", 301, (("Location", "file:///etc/passwd"),)),
    "redirects to a metadata service": response(
        b"", 307, (("Location", "http://169.254.169.254/latest/meta-data/"),)
    ),
    "refreshes elsewhere": response(headers=(("Refresh", "0; url=http://127.0.0.1:9/"),)),
    "sets a thousand cookies": response(headers=(("Set-Cookie", "a=b; Path=/"),) * 1000),
}
