"""Request bodies, read with a limit."""

from __future__ import annotations

import anyio
from starlette.requests import Request

LIMIT = 1 << 20
"""Largest body that is read where nothing else is said, bytes."""
_DRAIN_LIMIT = 16 << 20
_READ_TIMEOUT_S = 30


class BodyTooLargeError(Exception):
    """A body is larger than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body may have at most {limit} bytes.")


class BodyTimeoutError(Exception):
    """A body did not arrive in time."""


async def read_body(request: Request, limit: int = LIMIT) -> bytes:
    """The body of up to ``limit`` bytes. Raises ``BodyTooLargeError`` or ``BodyTimeoutError``.

    Somewhat too large bodies are read to their end and dropped, so that the client reads the
    refusal instead of a broken connection.
    """
    kept = bytearray()
    size = 0
    try:
        with anyio.fail_after(_READ_TIMEOUT_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limit:
                    kept += chunk
                elif size > limit + _DRAIN_LIMIT:
                    break
    except TimeoutError as error:
        raise BodyTimeoutError from error
    if size > limit:
        raise BodyTooLargeError(limit)
    return bytes(kept)
