"""What the servers have in common as processes: socket, ready line, signals, storage, log."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import signal
import socket
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

_SQLITE = "sqlite:///"
STOP_TIMEOUT_S = 5


class ServeError(Exception):
    """The server cannot start; the message says what to change."""


def log_to_stderr() -> None:
    """Write what is logged to stderr."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    # It tells of every request that is made.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def storage_path(url: str) -> Path:
    """The file of ``sqlite:///FILE``. Raises ``ServeError``."""
    path = url.removeprefix(_SQLITE)
    if path == url or not path:
        raise ServeError(
            f"--storage must be sqlite:///FILE (sqlite:////FILE for an absolute path); got {url!r}"
        )
    return Path(path)


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound; port 0 takes a free one. Raises ``ServeError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off for the connections; without it
    # an answer in two writes waits 40 ms for the peer's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServeError(f"cannot listen on {host} port {port}: {error}") from error
    return listener


def origin(host: str, port: int) -> str:
    """The origin under which this machine reaches the server."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        address = ipaddress.ip_address("::1" if address.version == 6 else "127.0.0.1")
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"


def unconcerned() -> None:
    """Do nothing."""


def serve_until_stopped(
    app: ASGIApp,
    listener: socket.socket,
    ready: Mapping[str, Any],
    stopping: Callable[[], None] = unconcerned,
) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is the line on stdout once it answers.

    ``stopping`` is called when the signal comes, before connections are waited for.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
    )
    _Server(config, json.dumps(ready), stopping).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Prints the ready line once it answers; a signal ends it with a clean exit."""

    def __init__(
        self, config: uvicorn.Config, ready_line: str, stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready_line = ready_line
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            print(self._ready_line, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._stop) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopping()
