"""What stands in the query of a URL: pagination and filters of TAXII 2.1 (sections 3.4, 3.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from drs_reference.exchange.hub.entries import microseconds
from drs_reference.exchange.hub.messages import TaxiiError
from drs_reference.exchange.hub.queries import ALL, FIRST, LAST
from drs_reference.timestamps import from_rfc3339

PAGE_MAX = 1000
"""Most entries of a page; more are never asked of the store, whatever ``limit`` says."""
_MATCH = re.compile(r"match\[(.*)\]")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,400}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filters:
    """The parameters of a request; times are in microseconds since 1970."""

    limit: int
    next: str | None
    added_after: int | None
    ids: frozenset[str] | None
    types: frozenset[str] | None
    spec_versions: frozenset[str] | None
    versions: frozenset[str | int]


def read_filters(query: str, *match: str) -> Filters:
    """The parameters of a query string, where the fields ``match`` may be filtered.

    Raises ``TaxiiError`` 400. Parameters that TAXII does not know are passed over.
    """
    given = read_query(query)
    fields: dict[str, frozenset[str]] = {}
    for name, value in given.items():
        field = _MATCH.fullmatch(name)
        if field is None:
            continue
        if field.group(1) not in match:
            raise TaxiiError(400, f"match[...] may name {', '.join(match)} here.")
        fields[field.group(1)] = frozenset(value.split(","))
        if "" in fields[field.group(1)]:
            raise TaxiiError(400, f"{name} must be values with commas between them.")
    after = given.get("added_after")
    return Filters(
        limit=read_number(given, "limit", PAGE_MAX, least=1, most=PAGE_MAX),
        next=given.get("next"),
        added_after=None if after is None else _time("added_after", after),
        ids=fields.get("id"),
        types=fields.get("type"),
        spec_versions=fields.get("spec_version"),
        versions=frozenset(map(_version, fields.get("version", (LAST,)))),
    )


def read_query(query: str) -> dict[str, str]:
    """The parameters of a query string, each once. Raises ``TaxiiError`` 400."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs):
        raise TaxiiError(400, "A parameter stands twice in the query.")
    return given


def read_number(
    given: Mapping[str, str], name: str, default: int, least: int = 0, most: int = 2**63 - 1
) -> int:
    """A whole number of at least ``least``; one above ``most`` counts as that. Raises 400."""
    text = given.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or int(text) < least:
        raise TaxiiError(400, f"{name} must be a whole number of at least {least}.")
    return min(int(text), most)


def _version(text: str) -> str | int:
    return text if text in (FIRST, LAST, ALL) else _time("match[version]", text)


def _time(name: str, text: str) -> int:
    try:
        if _TIME.fullmatch(text):
            return microseconds(from_rfc3339(text))
    except (ValueError, OverflowError):
        pass
    raise TaxiiError(400, f"{name} must be a time in UTC such as 2026-11-02T10:00:00.000000Z.")
