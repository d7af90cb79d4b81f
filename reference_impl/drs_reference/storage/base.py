"""What the endpoint needs of a storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from drs_reference.response.appeals import Appeal
from drs_reference.response.cases import Case
from drs_reference.response.controls import ControlEntry
from drs_reference.response.procedure import Account, AuditEntry
from drs_reference.storage.audit import AuditRecord


class StorageError(Exception):
    """The storage cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """Rows that become durable together or not at all."""

    accounts: tuple[Account, ...] = ()
    cases: tuple[Case, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    entries: tuple[AuditEntry | ControlEntry, ...] = ()


class Storage(Protocol):
    """Keeps state over restarts. Safe to use from several threads."""

    def commit(self, change: Change) -> None:
        """Make a change durable; when this returns, it survives a power cut."""

    def accounts(self) -> tuple[Account, ...]:
        """Every account with its open case."""

    def case(self, case: str) -> Case | None:
        """A case, open or closed."""

    def appeal(self, appeal: str) -> Appeal | None:
        """An appeal."""

    def audit(self) -> Iterator[AuditRecord]:
        """The audit trail, oldest first."""

    def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The bytes kept under ``name``; made and kept on first use."""

    def close(self) -> None:
        """Release the storage."""
