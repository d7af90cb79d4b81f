"""Refusals for want of quota, and how long they ask to wait."""

from __future__ import annotations

from drs_conformance.ledger import Exchange

__all__ = ["WAIT_MAX_S", "retry_after"]

WAIT_MAX_S = 60
"""A run does not wait longer for a quota."""


def retry_after(exchange: Exchange, unsaid_s: int = 1) -> int | None:
    """Return the seconds that a refusal for want of quota asks for; None for other answers.

    Where it names none, that is ``unsaid_s``.
    """
    if exchange.status != 429:
        return None
    text = exchange.header("retry-after") or ""
    return int(text) if text.isdecimal() and len(text) <= 9 else unsaid_s
