"""Where auditors read cases."""

from __future__ import annotations

from typing import Any

from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.auditors_only import AuditorsOnly
from drs_reference.response.cases import case_record


class CaseFile(AuditorsOnly):
    """Case records, for auditors only."""

    def record(self, accounts: Accounts, case: str) -> dict[str, Any] | None:
        """The record of a case (schema ``case-record``), or None if there is no such case."""
        found = accounts.case(case)
        return None if found is None else case_record(found)
