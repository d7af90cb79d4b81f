"""What a file that describes a dialect has to say beyond its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from drs_conformance.specification.pointers import put

__all__ = ["faults"]


def faults(description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield pairs: a pointer into the document, and what is wrong there."""
    request = description["request"]
    if "model" not in request and "{model}" not in description["path"]:
        yield "/request", "expected the member model, or {model} in the path, got neither"
    asks = "stream" in request or "stream_path" in description
    if asks and "stream" not in description:
        yield "", "expected the member stream, which says how a stream is read"
    if "stream" in description and not asks:
        yield "/stream", "expected a member stream of the request or a stream_path to ask for one"
    messages = request["messages"]
    message = {f"/request/messages/{name}": messages[name] for name in ("role", "text")}
    body = {f"/request/{name}": place for name, place in request.items() if isinstance(place, str)}
    body |= {
        f"/request/messages/{name}": messages[name] for name in ("at", "system") if name in messages
    }
    body |= {
        f"/request/constants/{number}/at": constant["at"]
        for number, constant in enumerate(request.get("constants", ()))
    }
    for places in (message, body):
        taken: dict[str, Any] = {}
        for name, place in places.items():
            try:
                put(taken, place, "taken")
            except ValueError as error:
                yield name, f"expected a place of its own: {error}"
