"""Where accounts appeal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from drs_reference.gateway.accounts import Accounts, new_identifier
from drs_reference.gateway.eligibility import Eligibility
from drs_reference.response.appeals import Appeal
from drs_reference.response.procedure import Account


class AppealsDesk:
    """Receives appeals; each is decided within ``decision_max_s`` seconds."""

    def __init__(self, decision_max_s: int, eligibility: Eligibility | None = None) -> None:
        self.decision_max = timedelta(seconds=decision_max_s)
        self.eligibility = eligibility

    def receive(
        self, accounts: Accounts, account: Account, request: Mapping[str, Any]
    ) -> Appeal | None:
        """A durable appeal for an ``appeal-request``, or None.

        None if the case is not the account's, if the account has not been told of it, or if the
        criterion does not exclude the account.
        """
        criterion = request.get("criterion")
        if criterion is None and not self._is_told(accounts, account, request["case"]):
            return None
        if criterion is not None and not self._is_excluded(account, criterion):
            return None
        received_at = accounts.now(account)
        appeal = Appeal(
            id=new_identifier("appeal"),
            account=account.id,
            case=request.get("case"),
            statement=request["statement"],
            status="received",
            received_at=received_at,
            decide_by=received_at + self.decision_max,
            criterion=criterion,
        )
        accounts.lodge(appeal)
        return appeal

    @staticmethod
    def _is_told(accounts: Accounts, account: Account, case: str) -> bool:
        found = accounts.case(case)
        return found is not None and found.account == account.id and found.noticed

    def _is_excluded(self, account: Account, criterion: str) -> bool:
        return self.eligibility is not None and criterion in self.eligibility.excluding(account)

    def find(
        self, accounts: Accounts, account: Account, appeal: str, auditor: bool
    ) -> Appeal | None:
        """An appeal as its owner or an auditor may read it, else None."""
        found = accounts.appeal(appeal)
        allowed = found is not None and (auditor or found.account == account.id)
        return found if allowed else None
