"""Texts that a body holds in pieces: values of successive events, tokens, members."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

__all__ = ["joined_texts"]

_MAX_DEPTH = 200
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*:)?', re.DOTALL)
_DATA = re.compile(r"(?m)^data:[ ]?(.*?)\r?$")
_Key = tuple[object, ...]


def joined_texts(body: bytes) -> Iterable[str]:
    """Return what the string values of a JSON, JSON lines or SSE body spell when joined.

    Values are joined in document order: all of them; those at the same place of each event (a
    choice's place is its `index`); and those at the same member of all items of an array. Arrays
    of byte values count as text. Lines, or the data of events, are joined as they are too; of those
    that are not JSON the string literals count, in all and for each member name.
    """
    text = body.decode("utf-8", "replace").lstrip("\ufeff")
    joined: dict[_Key, list[str]] = defaultdict(list)
    whole = _parsed(text)
    if whole is None:
        lines = _DATA.findall(text) or text.splitlines()
        documents = [_literals(line) if (v := _parsed(line)) is None else v for line in lines]
        joined["lines",] = lines
    else:
        documents = [whole]
    for place, value in _leaves(documents):
        for key in _keys(place):
            joined[key].append(value)
    return ["".join(parts) for parts in joined.values() if len(parts) > 1]


def _parsed(text: str) -> object | None:
    stripped = text.strip()
    if not stripped.startswith(("{", "[", '"')):
        return None
    try:
        return json.loads(stripped, object_pairs_hook=_Members)  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        return None


class _Members(list[tuple[str, object]]):
    """An object with every member, repeated ones too."""


def _literals(text: str) -> _Members:
    members = _Members()
    name = ""
    for match in _LITERAL.finditer(text):
        try:
            value = json.loads(f'"{match[1]}"', strict=False)
        except ValueError:
            value = match[1]
        if match[2]:
            name = value
        else:
            members.append((name, value))
    return members


def _leaves(documents: Iterable[object]) -> Iterator[tuple[_Key, str]]:
    """Yield (place, text) in document order. An array's index in a place is an int."""
    stack: list[tuple[_Key, object]] = []
    for document in documents:
        stack.append(((), document))
        while stack:
            place, value = stack.pop()
            if isinstance(value, str):
                yield place, value
            elif len(place) > _MAX_DEPTH:
                continue
            elif isinstance(value, _Members):
                stack.extend(((*place, name), item) for name, item in reversed(value))
            elif isinstance(value, list):
                if value and all(type(item) is int and 0 <= item < 256 for item in value):
                    yield place, bytes(value).decode("latin-1")
                    continue
                indexed = [((*place, _index(item, n)), item) for n, item in enumerate(value)]
                stack.extend(reversed(indexed))


def _index(item: object, position: int) -> int:
    if isinstance(item, _Members):
        for name, value in item:
            if name == "index" and type(value) is int:
                return value
    return position


def _keys(place: _Key) -> Iterator[_Key]:
    """Yield the groups that the text at a place belongs to."""
    yield ("all",)
    yield ("at", *place)
    indices = [position for position, part in enumerate(place) if isinstance(part, int)]
    if indices:
        yield ("any", *(None if isinstance(part, int) else part for part in place))
    if len(indices) > 1:
        innermost = indices[-1]
        yield ("innermost", *place[:innermost], None, *place[innermost + 1 :])
