"""The test mode: an auditor resets, advances and flags test personas, and states facts of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_reference.eligibility.facts import Facts
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.auditors_only import AuditorsOnly
from drs_reference.gateway.eligibility import Eligibility
from drs_reference.gateway.limiter import Limiter
from drs_reference.response.ladder import Event
from drs_reference.response.procedure import Account

OFFSET_MAX_S = 100 * 31536000
"""How far the clocks of a persona can be advanced in all, seconds: a century."""


class HeldPersonaError(Exception):
    """The persona is kept in its state and can only be reset."""


class ClockRangeError(Exception):
    """The clock of a persona would be advanced by more than ``OFFSET_MAX_S``."""


class TestMode(AuditorsOnly):
    """Acts on existing personas; each method returns the account after."""

    __test__ = False

    def look(self, accounts: Accounts, persona: str) -> Account | None:
        """The account of a persona, or None if there is no such persona."""
        account = accounts.current(persona)
        return account if account is not None and account.persona == persona else None

    def reset(self, accounts: Accounts, limiter: Limiter, account: Account) -> Account:
        """Good standing (or the held state), full quota, clocks unmoved, no open case, no facts."""
        limiter.empty(account)
        return accounts.reset(account.name)

    def advance(self, accounts: Accounts, account: Account, request: Mapping[str, Any]) -> Account:
        """Move the clocks of a persona. Raises ``HeldPersonaError`` or ``ClockRangeError``."""
        self.refuse_held(account)
        seconds = int(request["seconds"])
        if account.clock_offset_s + seconds > OFFSET_MAX_S:
            raise ClockRangeError
        return accounts.advance(account.name, seconds)

    def flag(self, accounts: Accounts, account: Account, request: Mapping[str, Any]) -> Account:
        """One event of the ladder. Raises ``HeldPersonaError``."""
        self.refuse_held(account)
        kinds = tuple(item["kind"] for item in request["evidence"])
        event = Event(request["on"], kinds, tuple(request["approvals"]))
        return accounts.apply(account.name, event)

    def establish(
        self,
        accounts: Accounts,
        eligibility: Eligibility,
        account: Account,
        request: Mapping[str, Any],
    ) -> Account:
        """Facts of eligibility, in place of those before. Raises ``HeldPersonaError``."""
        self.refuse_held(account)
        facts = Facts.of(request)
        deciding = eligibility.policy.deciding(facts)
        return accounts.establish(account.name, facts, deciding.id if deciding else None)

    def refuse_held(self, account: Account) -> None:
        """Raise ``HeldPersonaError`` for a held persona."""
        if account.held_in is not None:
            raise HeldPersonaError
