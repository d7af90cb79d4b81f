"""Refusals for want of quota, and how long they ask to wait."""

from __future__ import annotations

from drs_conformance.dialects.quota_fields import seconds_to_wait
from drs_conformance.ledger import Exchange

__all__ = ["WAIT_MAX_S", "retry_after"]

WAIT_MAX_S = 60
"""A run does not wait longer for a quota."""
_LONGEST_S = 10**9


def retry_after(exchange: Exchange, unsaid_s: int = 1) -> int | None:
    """Return the seconds that a refusal for want of quota asks for; None for other answers.

    Where it names none, that is ``unsaid_s``.
    """
    if exchange.status != 429:
        return None
    wait = seconds_to_wait(exchange)
    return unsaid_s if wait is None else min(wait, _LONGEST_S)
