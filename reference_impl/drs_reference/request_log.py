"""The log of requests: what was asked for and answered, without content, credential or query."""

from __future__ import annotations

import logging
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)


class RequestLog:
    """Names every answer by ``x-request-id`` and logs it: no content, no credential, no query."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI event."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, began, status = f"req-{secrets.token_hex(8)}", time.monotonic(), 0
        scope["drs_request_id"] = request_id

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self.app(scope, receive, send_named)
        finally:
            route = scope.get("route")
            took = (time.monotonic() - began) * 1000
            path = getattr(route, "path", "(no route)")
            log.info("%s %s %s %d %.1f ms", request_id, scope["method"], path, status, took)
