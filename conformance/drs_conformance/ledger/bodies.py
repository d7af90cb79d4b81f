"""Bodies inside JSON: text when they are UTF-8, base64 otherwise."""

from __future__ import annotations

import base64
from collections.abc import Mapping

__all__ = ["decode_body", "encode_body"]


def encode_body(body: bytes | None) -> dict[str, str] | None:
    """Return `{"text": ...}`, `{"base64": ...}` for bytes that are not UTF-8, None for None."""
    if body is None:
        return None
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def decode_body(record: Mapping[str, str] | None) -> bytes | None:
    """Undo `encode_body`.

    Raises:
        ValueError: the record is not one of its forms.

    """
    if record is None:
        return None
    if set(record) == {"text"}:
        return record["text"].encode("utf-8")
    if set(record) == {"base64"}:
        return base64.b64decode(record["base64"], validate=True)
    raise ValueError(f"expected a body as text or base64, got the members {sorted(record)}")
