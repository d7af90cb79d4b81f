"""How long a refusal for want of quota asks to wait, in the words of each dialect.

Sources: draft-ietf-httpapi-ratelimit-headers; OpenAI's `x-ratelimit-remaining-*` and
`x-ratelimit-reset-*` (durations such as `6m0s`); Anthropic's `anthropic-ratelimit-*-remaining` and
`-reset` (RFC 3339); `google.rpc.RetryInfo` of Gemini.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime

from drs_conformance.dialects.rate_limit import MalformedField, parse_limits, parse_retry_after
from drs_conformance.ledger import Exchange, retry_delay_s

__all__ = ["parse_duration", "seconds_to_wait"]

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "\u00b5s": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|us|\u00b5s|ns|h|m|s)")
_OPENAI = re.compile(r"x-ratelimit-remaining-([a-z-]+)")
_ANTHROPIC = re.compile(r"anthropic-ratelimit-([a-z-]+)-remaining")


def seconds_to_wait(exchange: Exchange) -> int | None:
    """Return the whole seconds that an answer asks to wait; None where it says nothing of it.

    `Retry-After` counts before all others; a quota counts when nothing remains of it, and of
    several the one that takes longest. Fields that are malformed say nothing.
    """
    now = datetime.fromisoformat(exchange.received_at)
    value = exchange.header("retry-after")
    try:
        if value is not None:
            return parse_retry_after(value, now)
    except MalformedField:
        pass
    delay = retry_delay_s(exchange)
    if delay is not None:
        return math.ceil(delay)
    waits = [*_ietf(exchange), *_openai(exchange), *_anthropic(exchange, now)]
    return max(0, math.ceil(max(waits))) if waits else None


def parse_duration(value: str) -> float:
    """Return the seconds of a duration such as `6m0s` or `17ms`.

    Raises:
        MalformedField: it is none.

    """
    parts = _PART.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise MalformedField(f"expected a duration such as 6m0s, got {value!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _ietf(exchange: Exchange) -> Iterator[float]:
    try:
        limits = parse_limits(exchange.header("ratelimit") or "")
    except MalformedField:
        return
    for limit in limits:
        if limit.remaining == 0 and limit.reset_s is not None:
            yield limit.reset_s


def _openai(exchange: Exchange) -> Iterator[float]:
    for kind in _used_up(exchange, _OPENAI):
        try:
            yield parse_duration(exchange.header(f"x-ratelimit-reset-{kind}") or "")
        except MalformedField:
            continue


def _anthropic(exchange: Exchange, now: datetime) -> Iterator[float]:
    for kind in _used_up(exchange, _ANTHROPIC):
        value = exchange.header(f"anthropic-ratelimit-{kind}-reset") or ""
        try:
            yield (datetime.fromisoformat(value) - now).total_seconds()
        except (ValueError, TypeError):  # no time, or one without its offset
            continue


def _used_up(exchange: Exchange, name: re.Pattern[str]) -> Iterator[str]:
    for field, value in exchange.headers:
        found = name.fullmatch(field.lower())
        if found and value.strip() == "0":
            yield found[1]
