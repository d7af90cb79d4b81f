"""What an account and an auditor are shown of a standing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from drs_reference.response.procedure import Account, Procedure
from drs_reference.timestamps import rfc3339


class AccountView:
    """Documents ``account-standing`` and ``persona-state``.

    ``in_force`` says whether anything is perturbed at all; else no such measure is shown.
    """

    def __init__(
        self, appeals_path: str, mechanism: str, in_force: Callable[[], bool] = lambda: True
    ) -> None:
        self.appeals_path = appeals_path
        self.mechanism = mechanism
        self.in_force = in_force

    def standing(self, account: Account, procedure: Procedure, now: datetime) -> dict[str, Any]:
        """What the account is told of itself; nothing of a notice that still waits."""
        view = procedure.view(account, now)
        measures = []
        for measure in view.measures:
            shown = {"kind": measure.kind, "since": rfc3339(measure.since)}
            if measure.kind == "perturb":
                if not self.in_force():
                    continue
                shown["mechanism"] = self.mechanism
            measures.append(shown)
        told = account.case is not None and bool(measures)
        return {
            "account": account.id,
            "standing": view.state,
            "since": rfc3339(view.since),
            "case": account.case.id if told and account.case else None,
            "measures": measures,
            "review_at": None if view.review_at is None else rfc3339(view.review_at),
            "appeal": self.appeals_path if told else None,
        }

    def persona_state(self, account: Account) -> dict[str, Any]:
        """The true state, for an auditor."""
        case = account.case
        notice = case.deferred if case else None
        return {
            "persona": account.persona,
            "account": account.id,
            "state": account.position.state,
            "since": rfc3339(account.position.since),
            "case": case.id if case else None,
            "notice_due_at": rfc3339(notice.due_at) if notice else None,
            "clock_offset_s": account.clock_offset_s,
            "held": account.held_in is not None,
        }
