"""An audit trail outside of its storage: a line of JSON for each record (schema audit-record)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import rfc8785

from drs_reference.documents import read_document
from drs_reference.json_text import BodyError
from drs_reference.storage.audit import START, AuditChainError, AuditRecord, check_next

__all__ = ["AuditLineError", "Trail", "read_trail", "written"]

_LINE_MAX = 1 << 20


class AuditLineError(Exception):
    """A line holds no record, or one that does not follow; the message says which line and why."""


@dataclass(slots=True)
class Trail:
    """Records that follow from each other.

    ``head`` is the digest of the last one. ``kinds`` counts them by kind. ``passes`` says whether
    the digest that was asked for is among them, or is the one that the first of them follows.
    """

    first: int = 1
    last: int = 0
    head: str = START
    passes: bool = False
    kinds: Counter[str] = field(default_factory=Counter)


def written(records: Iterable[AuditRecord]) -> Iterator[bytes]:
    """The lines of records, each in JCS form (RFC 8785)."""
    for record in records:
        yield rfc8785.dumps(record.document()) + b"\n"


def read_trail(file: BinaryIO, head: str | None = None) -> Trail:
    """Read the lines of a trail, which may begin after its first record, and look for ``head``.

    Raises ``AuditLineError``.
    """
    trail: Trail | None = None
    last: AuditRecord | None = None
    number = 0
    while line := file.readline(_LINE_MAX + 1):
        number += 1
        try:
            document = _document(line)
            record = _record(document)
            if trail is None:
                trail = Trail(first=record.sequence, passes=head == record.previous)
                if record.sequence > 1:
                    last = AuditRecord(record.sequence - 1, b"", "", record.previous)
            check_next(record, last)
        except (AuditChainError, BodyError) as error:
            raise AuditLineError(f"line {number}: {error}") from error
        last = record
        trail.passes |= head == record.digest
        trail.kinds[document["entry"]["kind"]] += 1
    if trail is None or last is None:
        return Trail(passes=head == START)
    trail.last, trail.head = last.sequence, last.digest
    return trail


def _document(line: bytes) -> dict[str, Any]:
    if len(line) > _LINE_MAX:
        raise BodyError(None, f"expected a record of at most {_LINE_MAX} bytes, got more")
    return read_document(line, "audit-record")


def _record(document: Mapping[str, Any]) -> AuditRecord:
    return AuditRecord(
        document["sequence"],
        rfc8785.dumps(document["entry"]),
        document["previous"],
        document["digest"],
    )
