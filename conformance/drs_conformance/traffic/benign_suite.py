"""The benign suite: everyday questions with one right answer, and how an answer is marked.

Numbers, small programs, JSON under a schema, tool calls. The truth is computed when a question is
made, so nobody has to be asked what is right. What an answer says beside it is left alone: the last
number counts, a program is tried on numbers, JSON is compared as a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from drs_conformance.dialects.neutral import ChatRequest, Choice, Tool
from drs_conformance.traffic.small_programs import outcome

__all__ = ["FORMS", "NUMBERS_AND_CODE", "Question", "questions"]

NUMBERS_AND_CODE = frozenset({"number", "code"})
FORMS = frozenset({"schema", "tool"})
ANSWER_TOKENS = 96
_INTEGER = re.compile(r"-?\d+")
_TRIED_ON = (0, 3, 17)

_NAMES = (
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Henry", "Ines", "Jonas", "Karin",
    "Leo", "Maria", "Nora", "Omar", "Paula", "Rosa", "Samir", "Tara", "Viktor",
)  # fmt: skip
_CITIES = (
    "Paris", "Rome", "Oslo", "Lima", "Cairo", "Tokyo", "Delhi", "Berlin", "Madrid", "Quito",
    "Hanoi", "Boston",
)  # fmt: skip
_THINGS = ("lamp", "chair", "table", "book", "phone", "clock", "cup", "bike", "coat", "drum")
_STATES = ("open", "paid", "sent", "lost")
_FUNCTIONS = ("f", "g", "h", "step", "scale", "shift")
_OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "adds": int.__add__,
    "subtracts": int.__sub__,
    "multiplies by": int.__mul__,
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request of one `kind`, with what makes a choice of its answer right or well formed.

    `is_formed` says whether the form is the one that was asked for, whatever it says.
    """

    kind: str
    request: ChatRequest
    is_right: Callable[[Choice], bool]
    is_formed: Callable[[Choice], bool]


def questions(kind: str) -> st.SearchStrategy[Question]:
    """Return a strategy over the questions of one kind."""
    return {"number": _numbers, "code": _programs, "schema": _documents, "tool": _calls}[kind]()


def _request(prompt: str, **members: Any) -> ChatRequest:
    return ChatRequest((("user", prompt),), max_tokens=ANSWER_TOKENS, **members)


def _is_text(choice: Choice) -> bool:
    return bool(choice.text)


def _numbers() -> st.SearchStrategy[Question]:
    number = st.integers(10, 99)
    ask = st.sampled_from(
        ("What is {} + {}?", "Add {} and {}.", "Compute {} + {}.", "What is the sum of {} and {}?")
    )

    def made(ask: str, a: int, b: int) -> Question:
        def is_right(choice: Choice) -> bool:
            return last_number(choice.text) == a + b

        return Question("number", _request(ask.format(a, b)), is_right, _is_text)

    return st.builds(made, ask, number, number)


def last_number(text: str) -> int | None:
    """Return the last whole number in a text; separators of thousands are left out."""
    found = _INTEGER.findall(re.sub(r"(?<=\d),(?=\d{3})", "", text))
    return int(found[-1]) if found and len(found[-1]) < 20 else None


def _programs() -> st.SearchStrategy[Question]:
    def made(name: str, operation: str, operand: int) -> Question:
        def is_right(choice: Choice) -> bool:
            wanted = [_OPERATIONS[operation](x, operand) for x in _TRIED_ON]
            return [outcome(choice.text, name, x) for x in _TRIED_ON] == wanted

        prompt = f"Write a Python function {name} that {operation} {operand}."
        return Question("code", _request(prompt), is_right, _is_text)

    return st.builds(
        made, st.sampled_from(_FUNCTIONS), st.sampled_from(tuple(_OPERATIONS)), st.integers(2, 99)
    )


def _documents() -> st.SearchStrategy[Question]:
    text, number = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}
    name, city = st.sampled_from(_NAMES), st.sampled_from(_CITIES)
    return st.one_of(
        st.builds(
            lambda who, years: _document(
                "name and age",
                f"{who} is {years} years old.",
                {"name": who, "age": years},
                {"name": text, "age": {**number, "maximum": 150}},
            ),
            name,
            st.integers(10, 99),
        ),
        st.builds(
            lambda who, where: _document(
                "name and city",
                f"{who} lives in {where}.",
                {"name": who, "city": where},
                {"name": text, "city": text},
            ),
            name,
            city,
        ),
        st.builds(
            lambda thing, price: _document(
                "item and price",
                f"The {thing} costs {price} dollars.",
                {"item": thing, "price": price},
                {"item": {"enum": sorted(_THINGS)}, "price": number},
            ),
            st.sampled_from(_THINGS),
            st.integers(10, 99),
        ),
        st.builds(
            lambda order, state: _document(
                "order and state",
                f"Order {order} is {state}.",
                {"order": order, "state": state},
                {"order": number, "state": {"enum": sorted(_STATES)}},
            ),
            st.integers(100, 999),
            st.sampled_from(_STATES),
        ),
    )


def _document(
    keys: str, text: str, wanted: Mapping[str, Any], properties: Mapping[str, Any]
) -> Question:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }

    def is_formed(choice: Choice) -> bool:
        return Draft202012Validator(schema).is_valid(_parsed(choice.text))

    def is_right(choice: Choice) -> bool:
        return _holds(_parsed(choice.text), wanted)

    request = _request(f"Extract the {keys} as JSON: {text}", schema=schema)
    return Question("schema", request, is_right, is_formed)


def _calls() -> st.SearchStrategy[Question]:
    city, minutes, order = st.sampled_from(_CITIES), st.integers(10, 99), st.integers(100, 999)
    return st.one_of(
        st.builds(
            lambda at: _call(f"What is the weather in {at}?", "get_weather", {"city": at}), city
        ),
        st.builds(
            lambda long: _call(f"Set a timer for {long} minutes.", "set_timer", {"minutes": long}),
            minutes,
        ),
        st.builds(
            lambda which: _call(f"Where is order {which}?", "find_order", {"order": which}), order
        ),
    )


def _tool(name: str, description: str, argument: str, kind: str) -> Tool:
    parameters = {
        "type": "object",
        "properties": {argument: {"type": kind}},
        "required": [argument],
        "additionalProperties": False,
    }
    return Tool(name, description, parameters)


_TOOLS = (
    _tool("get_weather", "The weather in a city now.", "city", "string"),
    _tool("set_timer", "Starts a timer.", "minutes", "integer"),
    _tool("find_order", "Looks up an order by its number.", "order", "integer"),
)


def _call(prompt: str, name: str, arguments: Mapping[str, Any]) -> Question:
    schemas = {tool.name: tool.parameters for tool in _TOOLS}

    def is_formed(choice: Choice) -> bool:
        return bool(choice.tool_calls) and all(
            call.name in schemas
            and Draft202012Validator(schemas[call.name]).is_valid(_parsed(call.arguments))
            for call in choice.tool_calls
        )

    def is_right(choice: Choice) -> bool:
        (call, *more) = choice.tool_calls or (None,)
        if call is None or more or call.name != name:
            return False
        return _holds(_parsed(call.arguments), arguments)

    return Question("tool", _request(prompt, tools=_TOOLS), is_right, is_formed)


def _holds(document: Any, wanted: Mapping[str, Any]) -> bool:
    """Tell whether a document has the wanted values; what else it has is a matter of form."""
    if not isinstance(document, dict):
        return False
    return all(document.get(name) == value for name, value in wanted.items())


def _parsed(text: str) -> Any:
    """Return a text as a JSON value, None where it is none; a number that JSON lacks is none."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(text: str) -> Any:
    raise ValueError(text)
