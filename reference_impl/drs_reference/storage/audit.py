"""The audit trail: each record carries the digest of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import rfc8785

from drs_reference.response.controls import ControlEntry
from drs_reference.response.procedure import AuditEntry
from drs_reference.timestamps import rfc3339

START = "sha256:" + "0" * 64


class AuditChainError(Exception):
    """A record of the audit trail was changed, removed or inserted."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """``digest`` is SHA-256 over ``previous`` and the JCS body (RFC 8785), joined by a newline."""

    sequence: int
    body: bytes
    previous: str
    digest: str

    def document(self) -> dict[str, Any]:
        """The record as it is shown to an auditor (schema ``audit-record``)."""
        return {
            "sequence": self.sequence,
            "previous": self.previous,
            "digest": self.digest,
            "entry": json.loads(self.body),
        }


def entry_body(entry: AuditEntry | ControlEntry, recorded_at: str) -> bytes:
    """JCS form of an entry; ``at`` is by the account's clock, ``recorded_at`` by the server's."""
    if isinstance(entry, ControlEntry):
        return rfc8785.dumps({**asdict(entry), "recorded_at": recorded_at})
    document: dict[str, Any] = {
        "kind": entry.kind,
        "account": entry.account,
        "case": entry.case,
        "at": rfc3339(entry.at),
        "recorded_at": recorded_at,
        "from": entry.source,
        "to": entry.target,
        "on": entry.on,
        "evidence": list(entry.evidence),
        "approvals": list(entry.approvals),
    }
    if entry.kind == "eligibility":
        document["criterion"] = entry.criterion
    return rfc8785.dumps(document)


def chained(sequence: int, body: bytes, previous: str) -> AuditRecord:
    """The record that follows the one with digest ``previous``."""
    digest = "sha256:" + hashlib.sha256(previous.encode() + b"\n" + body).hexdigest()
    return AuditRecord(sequence, body, previous, digest)


def check_next(record: AuditRecord, before: AuditRecord | None) -> None:
    """Raise ``AuditChainError`` unless a record follows another one, or is the first of all."""
    sequence, digest = (before.sequence, before.digest) if before else (0, START)
    if record != chained(sequence + 1, record.body, digest):
        raise AuditChainError(
            f"audit record {record.sequence} does not follow from the one before: "
            "the trail was changed after it was written"
        )


def check_chain(records: Iterable[AuditRecord]) -> AuditRecord | None:
    """The last record of an unbroken chain that begins at 1. Raises ``AuditChainError``."""
    last: AuditRecord | None = None
    for record in records:
        check_next(record, last)
        last = record
    return last
