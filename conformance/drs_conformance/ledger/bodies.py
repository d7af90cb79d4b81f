"""Bodies inside JSON: text when they are UTF-8, base64 otherwise, compressed when large."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

__all__ = ["LARGE", "decode_body", "encode_body"]

LARGE = 16_384
"""Bytes from which on a body is compressed; what people read in a journal is smaller."""


def encode_body(body: bytes | None) -> dict[str, Any] | None:
    """Return a body as a member of a journal's record; None for None.

    That is `{"text": ...}`, `{"base64": ...}` for bytes that are not UTF-8, and for large ones
    `{"deflate": ..., "bytes": ...}`: base64 of the zlib format (RFC 1950), and their number.
    """
    if body is None:
        return None
    if len(body) >= LARGE:
        compressed = base64.b64encode(zlib.compress(body)).decode("ascii")
        return {"deflate": compressed, "bytes": len(body)}
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def decode_body(record: Mapping[str, Any] | None) -> bytes | None:
    """Undo `encode_body`.

    Raises:
        ValueError: the record is not one of its forms.

    """
    if record is None:
        return None
    if set(record) == {"text"}:
        return str(record["text"]).encode("utf-8")
    if set(record) == {"base64"}:
        return base64.b64decode(record["base64"], validate=True)
    if set(record) == {"deflate", "bytes"}:
        return _inflated(base64.b64decode(record["deflate"], validate=True), record["bytes"])
    raise ValueError(f"expected a body as text, base64 or deflate, got {sorted(record)}")


def _inflated(compressed: bytes, size: int) -> bytes:
    """Return what was compressed, and never more than its stated size."""
    reader = zlib.decompressobj()
    try:
        body = reader.decompress(compressed, size + 1)
    except zlib.error as error:
        raise ValueError(f"expected a body in the zlib format: {error}") from None
    if len(body) != size or not reader.eof or reader.unused_data:
        raise ValueError(f"expected a compressed body of {size} bytes, got another")
    return body
