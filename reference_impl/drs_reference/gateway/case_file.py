"""Where auditors read cases."""

from __future__ import annotations

from typing import Any

from drs_reference.gateway.accounts import Accounts
from drs_reference.response.cases import case_record


class CaseFile:
    """Case records, for auditors only."""

    def allowed(self, auditor: bool) -> bool:
        """Whether a caller may read case records."""
        return auditor

    def record(self, accounts: Accounts, case: str) -> dict[str, Any] | None:
        """The record of a case (schema ``case-record``), or None if there is no such case."""
        found = accounts.case(case)
        return None if found is None else case_record(found)
