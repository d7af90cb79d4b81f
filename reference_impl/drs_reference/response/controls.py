"""Changes of a control by people: a mechanism that is enabled, a switch that is thrown."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ControlEntry"]


@dataclass(frozen=True, slots=True)
class ControlEntry:
    """A change for the audit trail; ``document`` is the digest of what took effect."""

    kind: str
    subject: str
    change: str
    document: str | None
    approvals: tuple[str, ...]
