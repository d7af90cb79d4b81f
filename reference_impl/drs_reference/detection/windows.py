"""Windows of traffic: who sent what and when, and what accounts share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


def read_window(document: Mapping[str, Any]) -> Window:
    """Return the window of a valid document ``score-request``; one name is one account.

    Raises ``ValueError`` for a time that is none.
    """
    _moment("from", document["from"])
    _moment("to", document["to"])
    links: dict[str, list[Link]] = defaultdict(list)
    requests: dict[str, list[Request]] = defaultdict(list)
    for account in document["accounts"]:
        name = account["account"]
        links[name] += [Link(link["kind"], link["value"]) for link in account["links"]]
        requests[name] += [
            Request(_moment(f"{name}: at", request["at"]), request["prompt"])
            for request in account["requests"]
        ]
    return Window(
        document["window"],
        tuple(Activity(name, tuple(links[name]), tuple(sent)) for name, sent in requests.items()),
    )


def _moment(what: str, text: str) -> datetime:
    try:
        # A leap second is a time, and none that this library knows.
        return datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if text[17:19] == "60" else text)
    except ValueError:
        raise ValueError(f"{what}: expected a time of RFC 3339, got {text!r}") from None
