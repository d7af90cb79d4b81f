"""Lines of canonical JSON, each of which names the digest of the line before.

A journal and a register are such files. `seq` counts the lines from 1, `prev` is the SHA-256 of
the line before in hexadecimal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from drs_conformance.specification.canonical import canonical_json
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
    return canonical_json({**record, "seq": seq, "prev": prev})


def line_digest(line: bytes) -> str:
    """Return what the next line names: the SHA-256 in hexadecimal."""
    return hashlib.sha256(line).hexdigest()


def read_link(number: int, line: bytes, prev: str) -> dict[str, Any]:
    """Return the record of a line that follows one with the digest `prev`.

    Raises:
        ChainBroken: it is not canonical JSON, or does not follow.

    """
    record = _read_canonical(number, line)
    if record.get("seq") != number:
        raise ChainBroken(number, f"expected seq {number}, got {record.get('seq')!r}")
    if record.get("prev") != prev:
        raise ChainBroken(
            number, "prev is not the digest of the line before; one of the two was changed"
        )
    return record


def _read_canonical(number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
        is_canonical = canonical_json(record) == line
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        is_canonical = False
    if not is_canonical:
        # Only the slow parser can say what is wrong.
        try:
            parse_json(line.decode("utf-8"), file="line")
        except (UnicodeDecodeError, DocumentError) as error:
            raise ChainBroken(number, f"expected a line of JSON: {error}") from None
        raise ChainBroken(number, "expected canonical JSON (RFC 8785), got another form")
    if not isinstance(record, dict):
        raise ChainBroken(number, "expected a JSON object")
    return record
