"""Where accounts appeal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from drs_reference.gateway.accounts import Accounts, new_identifier
from drs_reference.response.appeals import Appeal
from drs_reference.response.procedure import Account


class AppealsDesk:
    """Receives appeals; each is decided within ``decision_max_s`` seconds."""

    def __init__(self, decision_max_s: int) -> None:
        self.decision_max = timedelta(seconds=decision_max_s)

    def receive(
        self, accounts: Accounts, account: Account, request: Mapping[str, Any]
    ) -> Appeal | None:
        """A durable appeal for an ``appeal-request``, or None.

        None if the case is not the account's, or if the account has not been told of it.
        """
        case = accounts.case(request["case"])
        if case is None or case.account != account.id or not case.noticed:
            return None
        received_at = accounts.now(account)
        appeal = Appeal(
            id=new_identifier("appeal"),
            account=account.id,
            case=case.id,
            statement=request["statement"],
            status="received",
            received_at=received_at,
            decide_by=received_at + self.decision_max,
        )
        accounts.lodge(appeal)
        return appeal

    def find(
        self, accounts: Accounts, account: Account, appeal: str, auditor: bool
    ) -> Appeal | None:
        """An appeal as its owner or an auditor may read it, else None."""
        found = accounts.appeal(appeal)
        allowed = found is not None and (auditor or found.account == account.id)
        return found if allowed else None
