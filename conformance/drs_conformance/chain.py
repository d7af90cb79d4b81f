"""Lines of canonical JSON, each of which names the digest of the line before.

A journal and a register are such files. `seq` counts the lines from 1, `prev` is the SHA-256 of
the line before in hexadecimal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

from drs_conformance.specification.documents import DocumentError
from drs_conformance.specification.json_text import parse_json

__all__ = ["FIRST_PREV", "ChainBroken", "line_digest", "link", "read_link"]

FIRST_PREV = "0" * 64


class ChainBroken(Exception):
    """A line is not what was written after the one before. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def link(record: Mapping[str, Any], seq: int, prev: str) -> bytes:
    """Return the line for a record, without its line break."""
    return rfc8785.dumps({**record, "seq": seq, "prev": prev})


def line_digest(line: bytes) -> str:
    """Return what the next line names: the SHA-256 in hexadecimal."""
    return hashlib.sha256(line).hexdigest()


def read_link(number: int, line: bytes, prev: str) -> dict[str, Any]:
    """Return the record of a line that follows one with the digest `prev`.

    Raises:
        ChainBroken: it is not canonical JSON, or does not follow.

    """
    try:
        record = parse_json(line.decode("utf-8"), file="line").value
    except (UnicodeDecodeError, DocumentError) as error:
        raise ChainBroken(number, f"expected a line of JSON: {error}") from None
    if not isinstance(record, dict):
        raise ChainBroken(number, "expected a JSON object")
    try:
        canonical = rfc8785.dumps(record)
    except rfc8785.CanonicalizationError as error:
        raise ChainBroken(number, f"expected canonical JSON (RFC 8785): {error}") from None
    if canonical != line:
        raise ChainBroken(number, "expected canonical JSON (RFC 8785), got another form")
    if record.get("seq") != number:
        raise ChainBroken(number, f"expected seq {number}, got {record.get('seq')!r}")
    if record.get("prev") != prev:
        raise ChainBroken(
            number, "prev is not the digest of the line before; one of the two was changed"
        )
    return record
