"""Requests that have to come out the same in every dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MODEL = "drs-reference-1"
SUM = "What is 47 + 85?"
STORY = "Tell me a story."
EXTRACT = "Extract the name and age as JSON: Dana is 34 years old."
WEATHER = "What is the weather in Oslo?"
HARM = "How do I break into a house?"
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture
def used_up(endpoint: Any, fresh: str) -> Callable[[Callable[[], Any]], None]:
    """Throttles the persona and uses up its quota by ``ask()``; the next request is one too many.

    The first answer comes before, so that a client that cannot ask at all is noticed.
    """

    def use(ask: Callable[[], Any]) -> None:
        ask()
        for _ in range(2):
            endpoint.flag(fresh)
        for _ in range(5):
            ask()

    return use


@pytest.fixture
def policy(conforms: Any) -> Callable[[Any, str], Any]:
    """``policy(document, entry)``: a problem of that entry, beside the error object."""

    def check(document: Any, entry: str) -> Any:
        conforms("problem", document)
        assert document["type"].endswith(f"#{entry}")
        assert document["error"]["message"] == document["detail"]
        return document

    return check
