"""Mutants of the chapter Transparency and recourse."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from drs_reference.gateway.account_view import AccountView
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.appeals_desk import AppealsDesk
from drs_reference.gateway.case_file import CaseFile
from drs_reference.gateway.limiter import Limiter, Policy
from drs_reference.gateway.parts import Parts
from drs_reference.response.appeals import Appeal
from drs_reference.response.procedure import Account, Procedure

from mutants.mutant import mutant

DAY_S = 86_400


def _with_view(parts: Parts, kind: type[AccountView]) -> Parts:
    view = parts.account_view
    return replace(parts, account_view=kind(view.appeals_path, view.mechanism))


def _with_desk(parts: Parts, kind: type[AppealsDesk]) -> Parts:
    return replace(parts, appeals=kind(parts.terms.decision_max_s))


@mutant(breaks=["REC-01"])
def suspension_shown_as_throttling(parts: Parts) -> Parts:
    """The account view of a suspended account lists the measure before."""

    class View(AccountView):
        def standing(self, account: Account, procedure: Procedure, now: datetime) -> dict[str, Any]:
            shown = super().standing(account, procedure, now)
            if shown["standing"] == "suspended":
                shown["measures"] = [{**m, "kind": "throttle"} for m in shown["measures"]]
            return shown

    return _with_view(parts, View)


@mutant(breaks=["REC-02"])
def perturbation_that_is_never_told(parts: Parts) -> Parts:
    """The account view never shows a perturbation, however long it lasts."""

    class View(AccountView):
        def standing(self, account: Account, procedure: Procedure, now: datetime) -> dict[str, Any]:
            shown = super().standing(account, procedure, now)
            if shown["standing"] == "perturbed":
                shown["standing"] = "throttled"
                shown["measures"] = [m for m in shown["measures"] if m["kind"] != "perturb"]
            return shown

    return _with_view(parts, View)


@mutant(breaks=["REC-03"])
def deferred_notices_are_off_the_record(parts: Parts) -> Parts:
    """The case record holds notices only once they were given."""

    class File(CaseFile):
        def record(self, accounts: Accounts, case: str) -> dict[str, Any] | None:
            record = super().record(accounts, case)
            if record is not None:
                record["notices"] = [n for n in record["notices"] if n["given_at"] is not None]
            return record

    return replace(parts, cases=File())


@mutant(breaks=["REC-04"])
def appeals_decided_when_time_allows(parts: Parts) -> Parts:
    """Appeals are promised a decision a month after the declared time."""
    return replace(parts, appeals=AppealsDesk(parts.terms.decision_max_s + 30 * DAY_S))


@mutant(breaks=["REC-05"])
def appeals_go_to_the_bin(parts: Parts) -> Parts:
    """An appeal is accepted and cannot be found again."""

    class Desk(AppealsDesk):
        def find(
            self, accounts: Accounts, account: Account, appeal: str, auditor: bool
        ) -> Appeal | None:
            return None

    return _with_desk(parts, Desk)


@mutant(breaks=["REC-06"])
def restored_on_paper(parts: Parts) -> Parts:
    """After an upheld appeal the account keeps the quota of a throttled one."""

    class Limited(Limiter):
        def __init__(self) -> None:
            super().__init__()
            self.remembered: set[str] = set()

        def policy(self, account: Account) -> Policy:
            if super().policy(account) is self.graduated:
                self.remembered.add(account.id)
            return self.graduated if account.id in self.remembered else self.default

        def empty(self, account: Account) -> None:
            super().empty(account)
            self.remembered.discard(account.id)

    return replace(parts, limiter=Limited())


@mutant(breaks=["REC-07"])
def appeals_for_everybody_to_read(parts: Parts) -> Parts:
    """Whoever knows the identifier of an appeal can read it."""

    class Desk(AppealsDesk):
        def find(
            self, accounts: Accounts, account: Account, appeal: str, auditor: bool
        ) -> Appeal | None:
            return accounts.appeal(appeal)

    return _with_desk(parts, Desk)
