"""Times as the wire shows them: RFC 3339, UTC, ending in Z."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """``2026-11-23T18:00:00Z``, with six decimals when the moment is not a whole second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def from_rfc3339(text: str) -> datetime:
    """The moment that ``rfc3339`` wrote. Raises ``ValueError``."""
    return datetime.fromisoformat(text).astimezone(UTC)
