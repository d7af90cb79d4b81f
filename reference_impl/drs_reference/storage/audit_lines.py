"""An audit trail outside of its storage: a line of JSON for each record (schema audit-record)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import rfc8785

from drs_reference.documents import read_document
from drs_reference.json_text import BodyError
from drs_reference.storage.audit import START, AuditChainError, AuditRecord, check_chain

__all__ = ["AuditLineError", "Trail", "read_trail", "written"]

_LINE_MAX = 1 << 20


class AuditLineError(Exception):
    """A line holds no record, or one that does not follow; the message says which line and why."""


@dataclass(slots=True)
class Trail:
    """Records that follow from each other.

    ``before`` is the digest that the first one follows, ``head`` that of the last one. ``kinds``
    counts them by kind. ``passes`` says whether the digest that was asked for is among them.
    """

    first: int = 1
    last: int = 0
    before: str = START
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
            record = _record(line)
            if trail is None:
                trail = Trail(first=record.sequence, before=record.previous)
                trail.passes = head == record.previous
                if record.sequence > 1:
                    last = AuditRecord(record.sequence - 1, b"", "", record.previous)
            last = check_chain([record], last)
        except (AuditChainError, BodyError) as error:
            raise AuditLineError(f"line {number}: {error}") from error
        trail.passes |= head == record.digest
        trail.kinds[record.document()["entry"]["kind"]] += 1
    if trail is None or last is None:
        return Trail(passes=head == START)
    trail.last, trail.head = last.sequence, last.digest
    return trail


def _record(line: bytes) -> AuditRecord:
    if len(line) > _LINE_MAX:
        raise BodyError(None, f"expected a record of at most {_LINE_MAX} bytes, got more")
    document = read_document(line, "audit-record")
    return AuditRecord(
        document["sequence"],
        rfc8785.dumps(document["entry"]),
        document["previous"],
        document["digest"],
    )
