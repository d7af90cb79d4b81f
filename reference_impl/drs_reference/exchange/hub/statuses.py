"""Status resources of TAXII 2.1 (section 4.3): what became of each object of a request."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drs_reference.exchange.hub.entries import microseconds, taxii_time


@dataclass(frozen=True, slots=True)
class Outcome:
    """An object of a request; ``refusal`` says why it was not taken, where it was not."""

    id: str
    version: str
    refusal: str | None

    def document(self) -> dict[str, str]:
        """The entry of the resource."""
        shown = {"id": self.id, "version": self.version}
        return shown if self.refusal is None else {**shown, "message": self.refusal}


def status_document(outcomes: Sequence[Outcome], requested: datetime) -> dict[str, Any]:
    """The resource, under a new identifier that nobody can guess. Lists without entries lack."""
    successes = [outcome.document() for outcome in outcomes if outcome.refusal is None]
    failures = [outcome.document() for outcome in outcomes if outcome.refusal is not None]
    return {
        "id": str(uuid.uuid4()),
        "status": "complete",
        "request_timestamp": taxii_time(microseconds(requested)),
        "total_count": len(outcomes),
        "success_count": len(successes),
        **({"successes": successes} if successes else {}),
        "failure_count": len(failures),
        **({"failures": failures} if failures else {}),
        "pending_count": 0,
    }
