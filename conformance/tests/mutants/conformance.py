"""Mutants of the chapter Conformance: the test personas and the test mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.case_file import CaseFile
from drs_reference.gateway.limiter import Limiter
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.test_mode import TestMode
from drs_reference.response.procedure import Account, Procedure, Progress

from mutants.mutant import mutant


@mutant(breaks=["CNF-01"])
def reset_leaves_the_quota_used(parts: Parts) -> Parts:
    """A reset restores the standing and not the quota."""

    class Mode(TestMode):
        def reset(self, accounts: Accounts, limiter: Limiter, account: Account) -> Account:
            return accounts.reset(account.persona)

    return replace(parts, test_mode=Mode())


@mutant(breaks=["CNF-02"])
def test_mode_for_everybody(parts: Parts) -> Parts:
    """Any credential may drive the test mode."""

    class Mode(TestMode):
        def allowed(self, is_auditor: bool) -> bool:
            return True

    return replace(parts, test_mode=Mode())


@mutant(breaks=["CNF-03"])
def test_mode_reaches_accounts(parts: Parts) -> Parts:
    """The test mode takes identifiers of accounts as well as names of personas."""

    class Mode(TestMode):
        def look(self, accounts: Accounts, persona: str) -> Account | None:
            found = [accounts.current(name) for name in accounts.personas()]
            by_id = {account.id: account for account in found if account is not None}
            return super().look(accounts, persona) or by_id.get(persona)

    return replace(parts, test_mode=Mode())


@mutant(breaks=["CNF-04"])
def one_clock_for_all(parts: Parts) -> Parts:
    """Advancing one persona advances every persona that is not held."""

    class Mode(TestMode):
        def advance(
            self, accounts: Accounts, account: Account, request: Mapping[str, Any]
        ) -> Account:
            for name in accounts.personas():
                other = accounts.current(name)
                if other is not None and other.held_in is None and other.id != account.id:
                    super().advance(accounts, other, request)
            return super().advance(accounts, account, request)

    return replace(parts, test_mode=Mode())


@mutant(breaks=["CNF-05"])
def throttled_persona_in_good_standing(parts: Parts) -> Parts:
    """The persona that is called throttled is not."""

    class Generous(Procedure):
        def hold(self, account: Account, now: Any, fresh_case: str) -> Progress:
            if account.persona == "throttled":
                return Progress(replace(account, held_in=None))
            return super().hold(account, now, fresh_case)

    return replace(parts, procedure=Generous)


@mutant(breaks=["CNF-06"])
def reset_erases_the_record(parts: Parts) -> Parts:
    """A case record is gone once its persona was reset."""

    class File(CaseFile):
        def record(self, accounts: Accounts, case: str) -> dict[str, Any] | None:
            record = super().record(accounts, case)
            return None if record is None or record["state"] == "standing" else record

    return replace(parts, cases=File())
