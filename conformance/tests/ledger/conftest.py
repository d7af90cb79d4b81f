"""A server on a raw socket that does exactly what a test says, and targets that point at it."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from drs_conformance.ledger import Ledger
from drs_conformance.target import Target, load_target

CREDENTIALS = {"DRS_CONTROL": "sk-drs/Control+key=0123", "DRS_FRESH_1": "sk-drs-fresh-1-abcdefgh"}


@dataclass(frozen=True)
class Seen:
    """A request as it came over the socket."""

    connection: int
    peer: str
    line: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[socket.socket, Seen], object]


class Answers:
    """Ways to answer a request."""

    @staticmethod
    def response(
        body: bytes = b"{}",
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = (),
        media_type: str = "application/json",
    ) -> Answer:
        lines = [f"HTTP/1.1 {status} Reason", f"Content-Length: {len(body)}"]
        lines += [f"Content-Type: {media_type}", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join(lines).encode("latin-1")
        return Answers.raw(head + b"\r\n\r\n" + body, close=False)

    @staticmethod
    def raw(data: bytes, *, close: bool = True) -> Answer:
        def answer(connection: socket.socket, _: Seen) -> object:
            connection.sendall(data)
            return "close" if close else None

        return answer

    @staticmethod
    def echo(connection: socket.socket, seen: Seen) -> object:
        """Answer with the credential in the status line, a header field and the body."""
        credential = seen.headers.get("authorization", "").removeprefix("Bearer ")
        body = f'{{"you are": "{credential}"}}'
        head = f"HTTP/1.1 200 {credential}\r\nX-Echo: {credential}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return None

    @staticmethod
    def reset(connection: socket.socket, _: Seen) -> object:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return "close"

    @staticmethod
    def drip(data: bytes, pause_s: float) -> Answer:
        def answer(connection: socket.socket, _: Seen) -> object:
            for byte in data:
                connection.sendall(bytes([byte]))
                time.sleep(pause_s)
            return "close"

        return answer

    @staticmethod
    def endless(piece: bytes) -> Answer:
        def answer(connection: socket.socket, _: Seen) -> object:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while True:
                connection.sendall(piece)

        return answer

    @staticmethod
    def silence(connection: socket.socket, _: Seen) -> object:
        connection.recv(1)
        return "close"


@dataclass
class Endpoint:
    """Answers requests by `script`, the last entry of which repeats."""

    script: list[Answer]
    seen: list[Seen] = field(default_factory=list)
    _listener: socket.socket = field(init=False)
    _connections: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def stop(self) -> None:
        for each in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self._listener.accept()
                self._connections.append(connection)
                number = len(self._connections)
                self._start(lambda c=connection, p=peer[0], n=number: self._serve(c, p, n))

    def _serve(self, connection: socket.socket, peer: str, number: int) -> None:
        buffer = b""
        with contextlib.suppress(OSError), connection:
            while True:
                while b"\r\n\r\n" not in buffer:
                    data = connection.recv(65536)
                    if not data:
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                line, *fields = head.decode("latin-1").split("\r\n")
                pairs = (text.partition(":") for text in fields)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                length = int(headers.get("content-length", "0"))
                while len(buffer) < length:
                    buffer += connection.recv(65536)
                body, buffer = buffer[:length], buffer[length:]
                self.seen.append(Seen(number, peer, line, headers, body))
                answer = self.script[min(len(self.seen), len(self.script)) - 1]
                if answer(connection, self.seen[-1]) == "close":
                    return


@pytest.fixture
def answers() -> type[Answers]:
    return Answers


@pytest.fixture
def endpoint() -> Iterator[Callable[..., Endpoint]]:
    started: list[Endpoint] = []

    def start(*script: Answer) -> Endpoint:
        started.append(Endpoint(list(script) or [Answers.response()]))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def make_target(tmp_path: Path) -> Callable[..., Target]:
    def make(root: str, **changes: Any) -> Target:
        document = {
            "drs_version": "0.1",
            "name": "Endpoint of a test",
            "base_url": f"{root}/v1",
            "dialect": "openai_chat",
            "model": "model-1",
            "authorisation": "authorisation.json",
            "personas": {
                "control": {"credential": "DRS_CONTROL", "source_address": "127.0.0.2"},
                "fresh-1": {"credential": "DRS_FRESH_1", "source_address": "127.0.0.3"},
            },
            "budget": {"max_requests": 1000, "max_output_tokens": 1000, "max_cost_usd": 1},
            "timeout_s": 2,
            **changes,
        }
        permit = {
            "drs_version": "0.1",
            "issued_by": "A test",
            "contact": "nobody@example.com",
            "origins": ["http://127.0.0.1:*", "https://127.0.0.1:*"],
            "not_before": "2020-01-01T00:00:00Z",
            "expires_at": "2999-01-01T00:00:00Z",
            "bounds": {
                "max_requests": 1_000_000,
                "max_output_tokens": 1_000_000,
                "max_cost_usd": 1000,
                "max_concurrency": 1,
            },
        }
        (tmp_path / "target.json").write_text(json.dumps(document))
        (tmp_path / "authorisation.json").write_text(json.dumps(permit))
        return load_target(tmp_path / "target.json", CREDENTIALS)

    return make


@pytest.fixture
def record(make_target: Callable[..., Target], tmp_path: Path) -> Iterator[Callable[..., Ledger]]:
    ledgers: list[Ledger] = []

    def start(root: str, **changes: Any) -> Ledger:
        folder = tmp_path / f"run-{len(ledgers) + 1}"
        ledgers.append(Ledger.record(folder, make_target(root, **changes), {"seed": 1}))
        return ledgers[-1]

    yield start
    for ledger in ledgers:
        with contextlib.suppress(Exception):
            ledger.close("end of the test")
