"""Telling a refusal by policy from a fault of the infrastructure.

For this standard a 429 may be the very thing that is measured, and a 503 never is. The rules, in
order:

1. No response: infrastructure.
2. Status below 400: an answer. What it says is for the check to judge.
3. A body that is a problem (RFC 9457) with a type of the registry `problem-types`: policy,
   whatever the status. The provider says that it decided; if it says so with the wrong status
   then a check has to see that, rather than have it excused as an outage.
4. 5xx: infrastructure.
5. 429: policy when a limiter speaks that knows its quota or its end (`RateLimit`,
   `RateLimit-Policy`, the fields `x-ratelimit-*` and `anthropic-ratelimit-*` of common dialects,
   `Retry-After`, or `RetryInfo` in the details of an error) and the body is not a page. A bare
   429, or one with HTML, comes from a balancer or a network in front of the endpoint.
6. The other errors by which a dialect answers a request (400, 401, 402, 403, 404, 405, 406, 409,
   410, 413, 415, 422, 451): policy, except a 400 or a 403 that is an HTML page, which is how
   firewalls in front of an endpoint refuse.
7. Anything else (408, 421, 425, 431 and unassigned ones): infrastructure.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from drs_conformance.ledger.exchange import Exchange, MalformedBody
from drs_conformance.ledger.retry_info import retry_delay_s
from drs_conformance.specification.documents import load_document
from drs_conformance.specification.location import spec_folder

__all__ = ["Kind", "classify", "names_policy", "problem_types"]

Kind = Literal["answer", "policy", "infrastructure"]

_ORDINARY = frozenset({400, 401, 402, 403, 404, 405, 406, 409, 410, 413, 415, 422, 451})
_USED_BY_FIREWALLS = frozenset({400, 403})
_LIMITER_FIELDS = ("ratelimit", "ratelimit-policy", "retry-after")
_LIMITER_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")
_PAGES = frozenset({"text/html", "application/xhtml+xml"})


def classify(exchange: Exchange) -> Kind:
    """Return what kind of response an exchange brought; the rules stand at the top."""
    status = exchange.status
    if exchange.fault is not None or status is None:
        return "infrastructure"
    if status < 400:
        return "answer"
    if names_policy(exchange):
        return "policy"
    is_page = exchange.media_type in _PAGES
    if status == 429:
        return "policy" if _limiter_speaks(exchange) and not is_page else "infrastructure"
    if status in _ORDINARY and not (is_page and status in _USED_BY_FIREWALLS):
        return "policy"
    return "infrastructure"


def names_policy(exchange: Exchange) -> bool:
    """Tell whether the body is a problem of a type that the standard registers."""
    if exchange.status is None or exchange.status < 400:
        return False
    try:
        document = exchange.json()
    except MalformedBody:
        return False
    return isinstance(document, dict) and document.get("type") in problem_types()


@cache
def problem_types() -> tuple[str, ...]:
    """Return the types of the registry `problem-types`."""
    registry: Any = load_document(spec_folder() / "registries" / "problem-types.yaml")
    return tuple(entry["type"] for entry in registry["entries"])


def _limiter_speaks(exchange: Exchange) -> bool:
    names = [name.lower() for name, _ in exchange.headers]
    return (
        any(name in _LIMITER_FIELDS or name.startswith(_LIMITER_PREFIXES) for name in names)
        or retry_delay_s(exchange) is not None
    )
