"""JSON Pointers (RFC 6901) in which ``*`` stands for every member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["matches"]


def matches(document: Any, pattern: str) -> Iterator[tuple[str, Any]]:
    """Yield ``(pointer, value)`` for every place of ``document`` that ``pattern`` names."""
    yield from _descend(document, pattern.split("/")[1:], "")


def _descend(value: Any, tokens: list[str], at: str) -> Iterator[tuple[str, Any]]:
    if not tokens:
        yield at, value
        return
    token, rest = tokens[0], tokens[1:]
    members: Iterator[tuple[str, Any]]
    if isinstance(value, dict):
        members = iter(value.items())
    elif isinstance(value, list):
        members = ((str(index), member) for index, member in enumerate(value))
    else:
        return
    for name, member in members:
        if token in ("*", name):
            yield from _descend(member, rest, f"{at}/{name}")
