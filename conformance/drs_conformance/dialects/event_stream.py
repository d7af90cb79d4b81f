"""Server-sent events (WHATWG HTML, section 9.2.6), as far as dialects use them."""

from __future__ import annotations

import re

__all__ = ["event_data"]

_LINE_END = re.compile(r"\r\n|\n|\r")


def event_data(text: str) -> tuple[list[str], str]:
    """Return the data of each event, and the data of a last one that no empty line ended.

    Comments and the fields `event`, `id` and `retry` are left out, as are events without data.
    """
    events: list[str] = []
    data: list[str] = []
    *lines, rest = _LINE_END.split(text.removeprefix("\ufeff"))
    for line in lines:
        if not line:
            if data:
                events.append("\n".join(data))
            data = []
        else:
            _take(line, data)
    if rest:
        _take(rest, data)
    return events, "\n".join(data)


def _take(line: str, data: list[str]) -> None:
    field, _, value = line.partition(":")
    if field == "data":
        data.append(value.removeprefix(" "))
