"""JSON Pointers (RFC 6901) into bodies, with `*` for every item of an array."""

from __future__ import annotations

from collections.abc import Iterator

from drs_conformance.dialects.neutral import MalformedAnswer
from drs_conformance.specification.pointers import join, split
from drs_conformance.specification.schema_problems import shown

__all__ = ["find"]


def find(value: object, pointer: str, at: str) -> Iterator[tuple[object, str]]:
    """Yield what a pointer names in the value that stands `at`, each with its own pointer.

    `*` takes every item of an array. Where a member or an item is missing there is nothing.

    Raises:
        MalformedAnswer: a `*` meets something that is neither an array nor missing.

    """
    found: list[tuple[object, tuple[str, ...]]] = [(value, ())]
    for token in split(pointer):
        found = [step for item, way in found for step in _step(item, way, token, at)]
    for item, way in found:
        yield item, at + join(way)


def _step(
    value: object, way: tuple[str, ...], token: str, at: str
) -> Iterator[tuple[object, tuple[str, ...]]]:
    if token == "*":
        if value is not None and not isinstance(value, list):
            raise MalformedAnswer(f"expected an array, got {shown(value)}", at + join(way))
        for position, item in enumerate(value or ()):
            yield item, (*way, str(position))
    elif isinstance(value, dict) and token in value:
        yield value[token], (*way, token)
    elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        yield value[int(token)], (*way, token)
