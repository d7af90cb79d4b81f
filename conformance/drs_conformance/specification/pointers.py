"""JSON Pointers (RFC 6901)."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any


def join(parts: Iterable[str | int]) -> str:
    """Return the JSON Pointer whose reference tokens are `parts`; no parts point at the whole."""
    return "".join(f"/{escape(str(part))}" for part in parts)


def escape(token: str) -> str:
    """Escape one reference token."""
    return token.replace("~", "~0").replace("/", "~1")


def split(pointer: str) -> list[str]:
    """Undo `join`."""
    parts = pointer.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def put(document: dict[str, Any], pointer: str, value: object) -> None:
    """Put a value at a place, making objects on the way, and arrays where the next token is `0`.

    Raises:
        ValueError: something stands there already, or on the way.

    """
    parts = split(pointer)
    last = parts[-1]
    container: Any = document
    for part, following in pairwise(parts):
        if not _holds(container, part):
            _add(container, part, [] if following == "0" else {}, pointer)
        container = container[0] if isinstance(container, list) else container[part]
    if _holds(container, last):
        raise ValueError(f"something stands at {pointer} already")
    _add(container, last, value, pointer)


def _holds(container: Any, part: str) -> bool:
    if isinstance(container, list):
        return part == "0" and bool(container)
    return isinstance(container, dict) and part in container


def _add(container: Any, part: str, value: object, pointer: str) -> None:
    if isinstance(container, dict):
        container[part] = value
    elif isinstance(container, list) and part == "0":
        container.append(value)
    else:
        raise ValueError(f"something else stands on the way to {pointer}")
