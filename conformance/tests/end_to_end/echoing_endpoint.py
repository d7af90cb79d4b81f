"""The reference endpoint, with the caller's credential in everything that it says.

``python echoing_endpoint.py --write-target DIR``. Real gateways do this by accident: in error
messages, debugging members and headers. Run as a process of its own.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from urllib.parse import quote

from drs_reference.gateway.serve import ServeOptions, run
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def spellings(secret: str) -> dict[str, str]:
    """Return ways in which servers spell a credential, as they stand inside a JSON string."""
    data = secret.encode()
    return {
        "raw": secret,
        "in_a_sentence": f"The key Bearer {secret}, sent by you, is not known here.",
        "percent": quote(secret, safe=""),
        "percent_all": "".join(f"%{byte:02x}" for byte in data),
        "escaped": "".join(f"\\u{byte:04x}" for byte in data),
        "entities": "".join(f"&#{byte};" for byte in data),
        "hexadecimal": data.hex(),
        "hexadecimal_upper": data.hex().upper(),
        **{
            f"base64_{skip}": base64.b64encode(b"user::"[:skip] + data).decode()
            for skip in range(3)
        },
        "base64_url": base64.urlsafe_b64encode(data).decode().rstrip("="),
    }


def echoing(app: ASGIApp) -> ASGIApp:
    """Put the caller's credential into header fields, JSON bodies and streams."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        fields = dict(scope.get("headers", ()))
        secret = fields.get(b"authorization", b"").decode().removeprefix("Bearer ")
        start: Message = {}
        body = b""

        async def held(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = [(n, v) for n, v in start["headers"] if n.lower() != b"content-length"]
            kind = dict(headers).get(b"content-type", b"")
            told = body_with(secret, body, streamed=kind.startswith(b"text/event-stream"))
            headers += [
                (b"x-caller", secret.encode()),
                (b"x-caller-id", secret.encode().hex().encode()),
            ]
            headers.append((b"content-length", str(len(told)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": told})

        await app(scope, receive, held if scope["type"] == "http" and secret else send)

    return wrapped


def body_with(secret: str, body: bytes, *, streamed: bool) -> bytes:
    """Return a body that echoes ``secret``; a stream echoes it one character an event."""
    if streamed:
        events = []
        for character in secret:
            choice = {"index": 0, "delta": {"content": character}, "finish_reason": None}
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            events.append(f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n".encode())
        return b"".join(events) + body
    if body.startswith(b"{"):
        said = ", ".join(f'"{name}": "{text}"' for name, text in spellings(secret).items())
        return b'{"debug": {' + said.encode() + b"}, " + body[1:]
    return body + secret.encode()


if __name__ == "__main__":
    sys.exit(run(ServeOptions(write_target=Path(sys.argv[2])), wrap=echoing))
