"""The live accounts: every change is durable before it is seen."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from drs_reference.eligibility.facts import Facts
from drs_reference.gateway.clock import Clock
from drs_reference.gateway.credentials import PERSONAS
from drs_reference.response.appeals import Appeal
from drs_reference.response.cases import Case
from drs_reference.response.ladder import Event
from drs_reference.response.procedure import Account, Procedure, Progress
from drs_reference.storage.base import Change, Storage

_BY_MACHINE_ALONE = ("standing", "observed")


def new_identifier(kind: str) -> str:
    """An opaque identifier such as ``case-`` and 128 random bits."""
    return f"{kind}-{secrets.token_hex(16)}"


class Accounts:
    """Accounts in memory over a storage. Blocking; safe to use from several threads."""

    def __init__(
        self,
        storage: Storage,
        procedure: Procedure,
        clock: Clock,
        ordinary: Iterable[str] = (),
    ) -> None:
        """``ordinary`` are identifiers of accounts that are no test personas."""
        self.storage = storage
        self.procedure = procedure
        self.clock = clock
        self._lock = threading.RLock()
        self._by_name = {account.name: account for account in storage.accounts()}
        for persona, held_in in PERSONAS.items():
            used = held_in is None or held_in in procedure.ladder.stages
            if used and persona not in self._by_name:
                self._open(new_identifier("acct"), persona, held_in)
        for account in ordinary:
            if account not in self._by_name:
                self._open(account, None, None)

    def personas(self) -> Iterable[str]:
        """Names of the test personas."""
        return tuple(a.persona for a in self._by_name.values() if a.persona is not None)

    def now(self, account: Account) -> datetime:
        """The time by an account's clock."""
        return self.clock.of(account)

    def current(self, name: str) -> Account | None:
        """The account of this name with everything that fell due, or None if there is none."""
        with self._lock:
            account = self._by_name.get(name)
            if account is None:
                return None
            return self._keep(account, self.procedure.settle(account, self.now(account)))

    def apply(self, persona: str, event: Event) -> Account:
        """One event of the ladder for an existing persona."""
        with self._lock:
            account = self._by_name[persona]
            now, fresh_case = self.now(account), new_identifier("case")
            progress = self.procedure.apply(account, event, now, fresh_case)
            upheld = event.on == "appeal-upheld" and any(
                entry.kind == "transition" and entry.on == event.on for entry in progress.entries
            )
            return self._keep(account, progress, self._upheld_appeals(progress) if upheld else ())

    def suspect(
        self, name: str, evidence: tuple[str, ...], within: tuple[str, ...] = _BY_MACHINE_ALONE
    ) -> None:
        """Evidence that no person has seen: it observes and throttles, and goes no further.

        It moves an account that is in one of the states ``within``.
        """
        with self._lock:
            account = self.current(name)
            if account and not account.held_in and account.position.state in within:
                self.apply(name, Event("evidence", evidence))

    def establish(self, persona: str, facts: Facts, criterion: str | None) -> Account:
        """Facts about a persona, in place of those before, and which criterion they decide."""
        with self._lock:
            account = self._by_name[persona]
            now = self.now(account)
            return self._keep(account, self.procedure.establish(account, facts, criterion, now))

    def reset(self, persona: str) -> Account:
        """Good standing, an unmoved clock, no facts; a held persona goes back to its state."""
        with self._lock:
            account, real_now = self._by_name[persona], self.clock.now()
            progress = self.procedure.reset(account, self.now(account), real_now)
            held = self.procedure.hold(progress.account, real_now, new_identifier("case"))
            return self._keep(
                account,
                Progress(
                    held.account,
                    progress.entries + held.entries,
                    progress.cases + held.cases,
                ),
            )

    def advance(self, persona: str, seconds: int) -> Account:
        """Move the clock of a persona and carry out what fell due."""
        with self._lock:
            account = self._by_name[persona]
            moved = replace(account, clock_offset_s=account.clock_offset_s + seconds)
            return self._keep(account, self.procedure.settle(moved, self.now(moved)))

    def lodge(self, appeal: Appeal) -> None:
        """Make an appeal durable, together with its entry in the case if it is against one."""
        with self._lock:
            if appeal.case is None:
                self.storage.commit(Change(appeals=(appeal,)))
                return
            changed = {}
            case = self.case(appeal.case)
            if case is None:
                raise KeyError(appeal.case)
            case = replace(case, appeals=(*case.appeals, appeal.id))
            for name, account in self._by_name.items():
                if account.case is not None and account.case.id == case.id:
                    changed[name] = replace(account, case=case)
            self.storage.commit(Change(tuple(changed.values()), (case,), (appeal,)))
            self._by_name.update(changed)

    def case(self, case: str) -> Case | None:
        """A case, open or closed, as it stands now; None if there is none."""
        with self._lock:
            for name in self._by_name:
                self.current(name)
            return self.storage.case(case)

    def appeal(self, appeal: str) -> Appeal | None:
        """An appeal, or None if there is none."""
        return self.storage.appeal(appeal)

    def _open(self, identifier: str, persona: str | None, held_in: str | None) -> None:
        now = self.clock.now()
        account = self.procedure.open_account(identifier, persona, held_in, now)
        progress = self.procedure.hold(account, now, new_identifier("case"))
        self.storage.commit(Change((progress.account,), progress.cases, (), progress.entries))
        self._by_name[progress.account.name] = progress.account

    def _keep(
        self, before: Account, progress: Progress, appeals: tuple[Appeal, ...] = ()
    ) -> Account:
        if progress.account != before or progress.entries or progress.cases:
            self.storage.commit(
                Change((progress.account,), progress.cases, appeals, progress.entries)
            )
            self._by_name[before.name] = progress.account
        return progress.account

    def _upheld_appeals(self, progress: Progress) -> tuple[Appeal, ...]:
        found = [self.storage.appeal(appeal) for case in progress.cases for appeal in case.appeals]
        return tuple(
            replace(appeal, status="upheld")
            for appeal in found
            if appeal is not None and appeal.status == "received"
        )
