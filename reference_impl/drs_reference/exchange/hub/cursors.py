"""Pagination cursors: a place in the log, of use to one member in one collection only.

A cursor gives no right; whoever sends one is authorised as if it had none.
"""

from __future__ import annotations

import hashlib
import hmac

from drs_reference.exchange.proofs import ProofError, unbase64url
from drs_reference.signing import base64url

_PLACE_BYTES = 8
_TAG_BYTES = 16


class CursorError(Exception):
    """A cursor is not one that this hub gave to this member for this collection."""


class Cursors:
    """Cursors under a secret key of the hub."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def give(self, place: int, *context: str) -> str:
        """A cursor to go on after ``place``; ``context`` says for whom and where."""
        packed = place.to_bytes(_PLACE_BYTES)
        return base64url(packed + self._tag(packed, context))

    def read(self, cursor: str, *context: str) -> int:
        """The place of a cursor that was given in the same context. Raises ``CursorError``."""
        try:
            data = unbase64url(cursor)
        except ProofError as error:
            raise CursorError from error
        packed, tag = data[:_PLACE_BYTES], data[_PLACE_BYTES:]
        if not hmac.compare_digest(tag, self._tag(packed, context)):
            raise CursorError
        return int.from_bytes(packed)

    def _tag(self, packed: bytes, context: tuple[str, ...]) -> bytes:
        message = packed + "\0".join(context).encode()
        return hmac.digest(self._key, message, hashlib.sha256)[:_TAG_BYTES]
