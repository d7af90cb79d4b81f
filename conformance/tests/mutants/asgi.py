"""Small pieces of ASGI for mutants that stand before the whole application."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Fields = list[tuple[bytes, bytes]]


def editing_fields(
    app: ASGIApp, concerns: Callable[[Scope], bool], edit: Callable[[int, Fields], Fields]
) -> ASGIApp:
    """Change the header fields of responses: ``edit(status, fields)``, names in lower case."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def edited(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = [(name.lower(), value) for name, value in message["headers"]]
                message = {**message, "headers": edit(message["status"], fields)}
            await send(message)

        concerned = scope["type"] == "http" and concerns(scope)
        await app(scope, receive, edited if concerned else send)

    return wrapped


async def read_body(receive: Receive) -> tuple[bytes, Receive]:
    """Read a request body; also return a receive function that yields it again."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return unread.pop() if unread else await receive()

    return body, again


async def read_json(receive: Receive) -> Any:
    """Read a request body as JSON."""
    body, _ = await read_body(receive)
    return json.loads(body)


def replaying(document: Any) -> Receive:
    """Return a receive function that yields ``document`` as a body."""

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(document).encode(), "more_body": False}

    return receive


async def answer(send: Send, status: int, document: Any, fields: Fields | None = None) -> None:
    """Send a JSON response."""
    headers = [(b"content-type", b"application/json"), *(fields or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})
