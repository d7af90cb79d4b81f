"""``python noisy_endpoint.py RATE --write-target DIR``: the reference endpoint behind bad weather.

A share RATE of all requests meets what happens between any client and any server: a gateway that
is not ready or times out, a page of a load balancer, a limiter that says nothing of a quota, an
answer that is cut off, one that is lost, one that comes late. It falls on all accounts alike, and
the endpoint complies.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from pathlib import Path

from drs_reference.gateway.serve import ServeOptions, run
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = (b"text/html", b"<html><body>Please come back later.</body></html>")
TEXT = (b"text/plain", b"upstream")
FAULTS = ((503, TEXT), (504, TEXT), (502, PAGE), (500, TEXT), (429, PAGE))
LATE_S = 0.3


def noisy(app: ASGIApp, rate: float) -> ASGIApp:
    """Put bad weather before ``app``."""
    chance = random.Random()

    async def weather(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or chance.random() >= rate:
            await app(scope, receive, send)
            return
        kind = chance.choice((*FAULTS, "cut off", "lost", "late"))
        if kind == "late":
            await asyncio.sleep(LATE_S)
            await app(scope, receive, send)
        elif kind == "cut off":
            await app(scope, receive, _cutting(send))
        else:
            if kind == "lost":
                await app(scope, receive, _discard)
                kind = (504, TEXT)
            status, (media_type, body) = kind
            headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return weather


async def _discard(_: Message) -> None:
    """Take an answer that nobody gets."""


def _cutting(send: Send) -> Send:
    """End the connection after half of the first part of a body."""

    async def cut(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            raise ConnectionAbortedError("the weather")
        await send(message)

    return cut


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rate", type=float)
    parser.add_argument("--write-target", type=Path)
    options = parser.parse_args()
    return run(
        ServeOptions(write_target=options.write_target),
        wrap=lambda app: noisy(app, options.rate),
    )


if __name__ == "__main__":
    sys.exit(main())
