"""Appeals against a case, or against a criterion of eligibility."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drs_reference.timestamps import rfc3339


@dataclass(frozen=True, slots=True)
class Appeal:
    """An accepted appeal; ``status`` is received, upheld or rejected.

    It is against a case or against a criterion; the other is None.
    """

    id: str
    account: str
    case: str | None
    statement: str
    status: str
    received_at: datetime
    decide_by: datetime
    criterion: str | None = None


def appeal_document(appeal: Appeal) -> dict[str, Any]:
    """The document that the account reads (schema ``appeal``)."""
    return {
        "appeal": appeal.id,
        **({"case": appeal.case} if appeal.case else {"criterion": appeal.criterion}),
        "status": appeal.status,
        "received_at": rfc3339(appeal.received_at),
        "decide_by": rfc3339(appeal.decide_by),
    }
