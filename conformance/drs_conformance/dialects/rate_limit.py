"""The fields `RateLimit`, `RateLimit-Policy` and `Retry-After`.

Sources: draft-ietf-httpapi-ratelimit-headers, RFC 9651 (structured fields), RFC 9110 sections
5.6.7 and 10.2.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from drs_conformance.dialects.structured_fields import BareItem, MalformedField, parse_list

__all__ = [
    "Limit",
    "MalformedField",
    "Policy",
    "parse_limits",
    "parse_policies",
    "parse_retry_after",
]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_DATES = (
    re.compile(
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>[0-9]{{2}}) {_MONTH} "
        rf"(?P<year>[0-9]{{4}}) {_TIME} GMT"
    ),
    re.compile(
        rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>[0-9]{{2}})-{_MONTH}-"
        rf"(?P<year>[0-9]{{2}}) {_TIME} GMT"
    ),
    re.compile(
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} "
        r"(?P<year>[0-9]{4})"
    ),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """An item of `RateLimit-Policy`: `quota` requests (or `unit`) in `window_s` seconds."""

    name: str
    quota: int
    window_s: int | None = None
    unit: str = "requests"


@dataclass(frozen=True, slots=True)
class Limit:
    """An item of `RateLimit`: what is left of a policy, and in how many seconds it is restored."""

    name: str
    remaining: int
    reset_s: int | None = None


def parse_policies(value: str) -> tuple[Policy, ...]:
    """Parse `RateLimit-Policy`.

    Raises:
        MalformedField: not a list of strings with the parameters `q` and perhaps `w` and `qu`.

    """
    return tuple(
        Policy(
            name=name,
            quota=_required(parameters, "q", name),
            window_s=_optional(parameters, "w", name),
            unit=_unit(parameters, name),
        )
        for name, parameters in _named_items(value)
    )


def parse_limits(value: str) -> tuple[Limit, ...]:
    """Parse `RateLimit`.

    Raises:
        MalformedField: not a list of strings with the parameter `r` and perhaps `t`.

    """
    return tuple(
        Limit(
            name=name,
            remaining=_required(parameters, "r", name),
            reset_s=_optional(parameters, "t", name),
        )
        for name, parameters in _named_items(value)
    )


def parse_retry_after(value: str, now: datetime) -> int:
    """Return the whole seconds from `now` that `Retry-After` asks to wait, at least 0.

    Raises:
        MalformedField: neither seconds nor an HTTP date.

    """
    text = value.strip(" \t")
    if re.fullmatch(r"[0-9]{1,15}", text):
        return int(text)
    for form in _DATES:
        if match := form.fullmatch(text):
            seconds = (_moment(match, now) - now).total_seconds()
            return max(0, -int(-seconds // 1))
    raise MalformedField(f"expected seconds or an HTTP date (RFC 9110, 10.2.3), got {value!r}")


def _moment(match: re.Match[str], now: datetime) -> datetime:
    year = int(match["year"])
    if len(match["year"]) == 2:
        # RFC 9110, 5.6.7: more than 50 years ahead means the past century.
        year += now.year // 100 * 100
        if year > now.year + 50:
            year -= 100
    second = min(int(match["second"]), 59)  # a leap second
    try:
        return datetime(
            year,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            second,
            tzinfo=UTC,
        )
    except ValueError as error:
        raise MalformedField(f"expected an HTTP date, got {match[0]!r}: {error}") from None


def _named_items(value: str) -> list[tuple[str, Mapping[str, BareItem]]]:
    items: list[tuple[str, Mapping[str, BareItem]]] = []
    for item, parameters in parse_list(value):
        if not isinstance(item, str):
            raise MalformedField(f"expected quoted policy names, got {item!r} in {value!r}")
        items.append((item, parameters))
    if not items:
        raise MalformedField("expected at least one policy, got an empty list")
    return items


def _required(parameters: Mapping[str, BareItem], key: str, name: str) -> int:
    number = _optional(parameters, key, name)
    if number is None:
        raise MalformedField(f"expected the parameter {key!r} of the policy {name!r}, got none")
    return number


def _optional(parameters: Mapping[str, BareItem], key: str, name: str) -> int | None:
    value = parameters.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MalformedField(
            f"expected an integer of at least 0 as {key!r} of the policy {name!r}, got {value!r}"
        )
    return value


def _unit(parameters: Mapping[str, BareItem], name: str) -> str:
    unit = parameters.get("qu", "requests")
    if not isinstance(unit, str):
        raise MalformedField(f"expected a quoted 'qu' of the policy {name!r}, got {unit!r}")
    return unit
