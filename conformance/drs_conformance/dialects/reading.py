"""Values of answers, read strictly: another type than expected is told with its place."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from drs_conformance.dialects.event_stream import event_data
from drs_conformance.dialects.neutral import Choice, MalformedAnswer
from drs_conformance.ledger import Exchange, MalformedBody, parse_body
from drs_conformance.specification.schema_problems import shown

__all__ = [
    "array",
    "array_or_none",
    "count",
    "count_or_none",
    "document",
    "events",
    "in_order",
    "number",
    "objects",
    "require_no_error",
    "text",
    "text_or_empty",
    "text_or_none",
    "to_object",
]

_SHOWN_CHARACTERS = 120


def to_object(value: object, pointer: str) -> dict[str, object]:
    """Return an object."""
    if not isinstance(value, dict):
        raise MalformedAnswer(f"expected an object, got {shown(value)}", pointer)
    return value


def array(value: object, pointer: str) -> list[object]:
    """Return an array."""
    if not isinstance(value, list):
        raise MalformedAnswer(f"expected an array, got {shown(value)}", pointer)
    return value


def array_or_none(value: object, pointer: str) -> list[object]:
    """Return an array, empty for null or a member that is missing."""
    return [] if value is None else array(value, pointer)


def objects(value: object, pointer: str) -> Iterator[tuple[dict[str, object], str]]:
    """Yield the objects of an array, each with its pointer; none for null or nothing."""
    for position, item in enumerate(array_or_none(value, pointer)):
        place = f"{pointer}/{position}"
        yield to_object(item, place), place


def text(value: object, pointer: str) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise MalformedAnswer(f"expected text, got {shown(value)}", pointer)
    return value


def text_or_none(value: object, pointer: str) -> str | None:
    """Return a text or None."""
    return None if value is None else text(value, pointer)


def text_or_empty(value: object, pointer: str) -> str:
    """Return a text, empty for null or a member that is missing."""
    return "" if value is None else text(value, pointer)


def count(value: object, pointer: str) -> int:
    """Return an integer of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MalformedAnswer(f"expected an integer of at least 0, got {shown(value)}", pointer)
    return value


def count_or_none(value: object, pointer: str) -> int | None:
    """Return an integer of at least 0, or None."""
    return None if value is None else count(value, pointer)


def number(value: object, pointer: str) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedAnswer(f"expected a number, got {shown(value)}", pointer)
    if not math.isfinite(value):
        raise MalformedAnswer("expected a finite number", pointer)
    return float(value)


def document(exchange: Exchange) -> dict[str, object]:
    """Return the body as a JSON object."""
    try:
        value = exchange.json()
    except MalformedBody as error:
        kind = exchange.media_type or "no media type"
        raise MalformedAnswer(f"expected a JSON object, got {kind}: {error}") from None
    return to_object(value, "")


def events(exchange: Exchange, end: str | None = None) -> list[dict[str, object]]:
    """Return the parsed events of a stream; `end` is the data of the event that ends it, if any."""
    if exchange.media_type != "text/event-stream":
        raise MalformedAnswer(
            f"expected an event stream, got {exchange.media_type or 'no media type'}"
        )
    if not exchange.utf8_valid:
        raise MalformedAnswer("expected UTF-8 in the event stream")
    data, unended = event_data(exchange.text())
    if unended and unended == end:
        data.append(unended)
    elif unended:
        raise MalformedAnswer("the stream broke off inside an event", f"/{len(data)}")
    if end is not None:
        if end not in data:
            raise MalformedAnswer(f"the stream ended without `data: {end}`", f"/{len(data)}")
        if data.index(end) != len(data) - 1:
            raise MalformedAnswer(f"events follow `data: {end}`", f"/{data.index(end) + 1}")
        data.pop()
    parsed = []
    for position, item in enumerate(data):
        try:
            value = parse_body(item.encode("utf-8"), f"event {position}")
        except MalformedBody as error:
            raise MalformedAnswer(str(error), f"/{position}") from None
        parsed.append(to_object(value, f"/{position}"))
    return parsed


def require_no_error(event: dict[str, object], pointer: str) -> None:
    """Raise `MalformedAnswer` for an event that reports an error in its member `error`."""
    if event.get("error") is not None:
        said = json.dumps(event["error"], ensure_ascii=False)[:_SHOWN_CHARACTERS]
        raise MalformedAnswer(f"the stream broke off with an error: {said}", f"{pointer}/error")


def in_order(choices: list[Choice], pointer: str) -> tuple[Choice, ...]:
    """Return one or more choices in the order of their indices, which have to differ."""
    if not choices:
        raise MalformedAnswer("expected at least one choice, got none", pointer)
    ordered = tuple(sorted(choices, key=lambda choice: choice.index))
    if len({choice.index for choice in ordered}) < len(ordered):
        raise MalformedAnswer("expected choices with different indices", pointer)
    return ordered
