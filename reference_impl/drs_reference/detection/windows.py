"""Windows of traffic: who sent what and when, and what accounts share."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drs_reference.standard import VERSION

__all__ = ["Activity", "Link", "Request", "Window", "read_window"]


@dataclass(frozen=True, slots=True)
class Link:
    """Something that accounts can share, under a pseudonym."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``at`` in UTC."""

    at: datetime
    prompt: str


@dataclass(frozen=True, slots=True)
class Activity:
    """What one account did in a window."""

    account: str
    links: tuple[Link, ...]
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The accounts that were active in a window."""

    id: str
    accounts: tuple[Activity, ...]


def read_window(document: Any) -> Window:
    """Return the window of a document ``score-request``; one name is one account.

    It asks what the schema asks, in a fraction of the time that a validator of schemas takes for
    tens of thousands of requests. Raises ``ValueError`` that names the wrong member.
    """
    _members(document, "the body", _WINDOW)
    if document["drs_version"] != VERSION:
        raise _wrong("drs_version", f'"{VERSION}"', document["drs_version"])
    if document["data"] != "test":
        raise _wrong("data", '"test"', document["data"])
    _name("window", document["window"])
    _moment("from", document["from"])
    _moment("to", document["to"])
    links: dict[str, list[Link]] = defaultdict(list)
    requests: dict[str, list[Request]] = defaultdict(list)
    for number, account in enumerate(_items("accounts", document["accounts"], 1, ACCOUNTS_MAX)):
        at = f"accounts.{number}"
        _members(account, at, _ACCOUNT)
        name = _name(f"{at}.account", account["account"])
        links[name] += [
            _link(f"{at}.links.{n}", link)
            for n, link in enumerate(_items(f"{at}.links", account["links"], 0, 16))
        ]
        requests[name] += [
            _request(f"{at}.requests.{n}", request)
            for n, request in enumerate(_items(f"{at}.requests", account["requests"], 1, 20_000))
        ]
    return Window(
        document["window"],
        tuple(Activity(name, tuple(links[name]), tuple(sent)) for name, sent in requests.items()),
    )


ACCOUNTS_MAX = 2000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", re.ASCII)
_KINDS = ("address", "payment", "device", "organisation", "credential")
# Members that must be there, and those that may.
_Members = tuple[frozenset[str], frozenset[str]]


def _shape(must: str, may: str = "") -> _Members:
    return frozenset(must.split()), frozenset((must + " " + may).split())


_WINDOW = _shape("drs_version window data from to accounts")
_ACCOUNT = _shape("account links requests")
_LINK = _shape("kind value")
_REQUEST = _shape("at prompt", "output_tokens asks_logprobs asks_reasoning")


def _link(at: str, link: Any) -> Link:
    _members(link, at, _LINK)
    if link["kind"] not in _KINDS:
        raise _wrong(f"{at}.kind", "one of " + ", ".join(_KINDS), link["kind"])
    return Link(link["kind"], _name(f"{at}.value", link["value"]))


def _request(at: str, request: Any) -> Request:
    _members(request, at, _REQUEST)
    prompt = request["prompt"]
    if not isinstance(prompt, str) or len(prompt) > 32_768:
        raise _wrong(f"{at}.prompt", "a string of at most 32768 characters", prompt)
    for name in ("asks_logprobs", "asks_reasoning"):
        if not isinstance(request.get(name, False), bool):
            raise _wrong(f"{at}.{name}", "true or false", request[name])
    tokens = request.get("output_tokens", 0)
    whole = isinstance(tokens, int) or (isinstance(tokens, float) and tokens.is_integer())
    if isinstance(tokens, bool) or not whole or tokens < 0:
        raise _wrong(f"{at}.output_tokens", "a whole number from 0", tokens)
    return Request(_moment(f"{at}.at", request["at"]), prompt)


def _members(value: Any, at: str, shape: _Members) -> None:
    must, known = shape
    if not isinstance(value, dict) or not must <= value.keys() <= known:
        raise _wrong(at, f"an object with {', '.join(sorted(must))} and no unknown member", value)


def _items(at: str, value: Any, least: int, most: int) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise _wrong(at, f"an array of {least} to {most}", value)
    return value


def _name(at: str, value: Any) -> str:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise _wrong(at, f"an identifier ({_NAME.pattern})", value)
    return value


def _moment(at: str, value: Any) -> datetime:
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            # A leap second is a time, and none that this library knows.
            leap = value[17:19] == "60"
            return datetime.fromisoformat(f"{value[:17]}59{value[19:]}" if leap else value)
    except ValueError:
        pass
    raise _wrong(at, "a time in UTC (RFC 3339)", value)


def _wrong(at: str, expected: str, got: Any) -> ValueError:
    if isinstance(got, dict | list):
        got = f"{'an object' if isinstance(got, dict) else 'an array'} of {len(got)}"
    return ValueError(f"{at}: expected {expected}; got {str(got)[:80]}")
