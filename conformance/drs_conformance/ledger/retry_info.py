"""How long an error of the Gemini dialect asks to wait (`google.rpc.RetryInfo`, AIP-193)."""

from __future__ import annotations

import re
from typing import Any

from drs_conformance.ledger.exchange import Exchange, MalformedBody

__all__ = ["retry_delay_s"]

_TYPE = "type.googleapis.com/google.rpc.RetryInfo"
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s")


def retry_delay_s(exchange: Exchange) -> float | None:
    """Return the seconds in the first `RetryInfo` of the error's details; None where none is."""
    try:
        body: Any = exchange.json()
    except MalformedBody:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and detail.get("@type") == _TYPE:
            found = _DURATION.fullmatch(str(detail.get("retryDelay")))
            if found:
                return float(found[1])
    return None
