"""A server on a raw socket that does exactly what a test says."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


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
class RawServer:
    """Answers requests by `script`, the last entry of which repeats; under `tls` if given."""

    script: list[Answer]
    tls: ssl.SSLContext | None = None
    seen: list[Seen] = field(default_factory=list)
    handshakes: list[bool] = field(default_factory=list)
    _listener: socket.socket = field(init=False)
    _connections: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._start(self._accept)

    @property
    def root(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

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
        if self.tls is not None:
            try:
                connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()
                return
            self.handshakes.append(bool(connection.session_reused))  # type: ignore[attr-defined]
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
