"""Answers in a form that the request prescribes: JSON that follows a schema, or a tool call.

The model drafts an answer as ever. A draft that has not the form is thrown away and drawn again, a
few times; the last one is returned as it came, so a caller still has to look. No mechanism of
output perturbation works on these answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from drs_reference.gateway.sampling import Call, Emission, Generation
from drs_reference.json_text import BodyError, Members, described
from drs_reference.model.language import TOOL_CALL_NOTICE

__all__ = ["DRAFTS_MAX", "Drafts", "Form", "form", "read_schema", "read_tools"]

DRAFTS_MAX = 3
_DEPTH_MAX = 16
_TOOLS_MAX = 64
_CHECKED_MAX = 256
_CHECKED_LENGTH = 1 << 14
"""Characters of the longest schema that is remembered; together they fit into a few megabytes."""
_KEYWORDS = frozenset(
    (
        *("type", "properties", "required", "additionalProperties", "items", "enum", "const"),
        *("anyOf", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength"),
        *("title", "description"),
    )
)
"""Keywords of JSON Schema that are known here; patterns and references are not among them."""


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer has to be: text under ``schema``, or a call of one of ``tools``.

    ``tools`` has the schema of the arguments by name. Where a call is not ``required``, an answer
    in plain text is right too.
    """

    schema: Mapping[str, Any] | None = None
    tools: Mapping[str, Mapping[str, Any]] | None = None
    required: bool = False

    @property
    def notice(self) -> tuple[tuple[str, str], ...]:
        """Messages that tell the model of the form."""
        return () if self.tools is None else (("system", TOOL_CALL_NOTICE),)

    def call(self, text: str) -> Call | None:
        """The call that a text is, if it is one of ``tools`` with arguments under its schema."""
        document = _parsed(text)
        if self.tools is None or not isinstance(document, dict):
            return None
        name, arguments = document.get("name"), document.get("arguments")
        if not isinstance(name, str) or name not in self.tools:
            return None
        if not Draft202012Validator(self.tools[name]).is_valid(arguments):
            return None
        return Call(name, json.dumps(arguments, ensure_ascii=False))

    def fits(self, text: str) -> bool:
        """Whether a text has the form."""
        if self.tools is not None:
            return self.call(text) is not None
        document = _parsed(text)
        return document is not None and Draft202012Validator(self.schema or {}).is_valid(document)


class Drafts:
    """All choices of one request, each drafted until it has the form; like a ``Generation``."""

    reasoning_tokens = None

    def __init__(
        self, form: Form, choices: int, draft: Callable[[int, int, Form | None], Generation]
    ) -> None:
        """``draft(choice, attempt, form)`` begins one draft of one choice in a form, or in none."""
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._form = form
        self._choices = choices
        self._draft = draft

    def emissions(self) -> Iterator[Emission]:
        """One emission of each choice, once it is complete."""
        for choice in range(self._choices):
            yield self._settled(choice)

    def _settled(self, choice: int) -> Emission:
        form = self._form
        for attempt in range(DRAFTS_MAX):
            drafted = self._drafted(choice, attempt, form)
            if form.fits(drafted.text):
                call = form.call(drafted.text)
                if call is None:
                    return drafted
                return replace(drafted, tokens=(), text="", call=call, finish="tool_calls")
        if form.tools is not None and not form.required:
            return self._drafted(choice, DRAFTS_MAX, None)
        return drafted

    def _drafted(self, choice: int, attempt: int, form: Form | None) -> Emission:
        generation = self._draft(choice, attempt, form)
        parts = list(generation.emissions())
        self.prompt_tokens = generation.prompt_tokens
        self.completion_tokens += generation.completion_tokens
        text = "".join(part.text for part in parts)
        tokens = tuple(token for part in parts for token in part.tokens)
        return replace(parts[-1], choice=choice, text=text, tokens=tokens)


def form(
    schema: Mapping[str, Any] | None,
    tools: Mapping[str, Mapping[str, Any]],
    choice: str = "auto",
    only: str | None = None,
    *,
    named: tuple[str, str],
) -> Form | None:
    """The form that a request asks for; None for any.

    ``choice`` is none, auto or required; with ``only`` that tool has to be called. ``named`` are
    the members for the schema and for the choice. Raises ``BodyError``.
    """
    if not tools:
        if choice == "required" or only is not None:
            raise BodyError(named[1], f"{named[1]} needs tools")
        return None if schema is None else Form(schema)
    if schema is not None:
        raise BodyError(named[0], f"{named[0]} cannot be combined with tools here")
    if only is None:
        return None if choice == "none" else Form(tools=tools, required=choice == "required")
    if only not in tools:
        raise BodyError(named[1], f"{named[1]} must name a function among the tools")
    return Form(tools={only: tools[only]}, required=True)


def read_tools(functions: Sequence[Members], parameters: str) -> dict[str, Mapping[str, Any]]:
    """The schema of the arguments, in the member ``parameters``, by the name of each function.

    Raises ``BodyError``.
    """
    if len(functions) > _TOOLS_MAX:
        raise BodyError("tools", f"tools may have at most {_TOOLS_MAX} functions")
    return {function.required("name"): read_schema(function, parameters) for function in functions}


def read_schema(members: Members, name: str) -> Mapping[str, Any]:
    """A JSON Schema with keywords that are known here; absent, any object. Raises ``BodyError``."""
    schema = members.object(name)
    if schema is None:
        return {"type": "object"}
    _check_keywords(schema, members.path + name, 0)
    # Not sorted: an error quotes the schema in its own order.
    text = json.dumps(schema, separators=(",", ":"))
    fault = (_fault if len(text) <= _CHECKED_LENGTH else _fault.__wrapped__)(text)
    if fault is not None:
        message = f"{members.path}{name} is no JSON Schema: {fault}"
        raise BodyError(members.path + name, message)
    return schema


@lru_cache(_CHECKED_MAX)
def _fault(schema: str) -> str | None:
    """What is wrong with a schema, given as JSON text; the same ones come again and again."""
    try:
        Draft202012Validator.check_schema(json.loads(schema))
    except SchemaError as error:
        return error.message[:200]
    return None


def _check_keywords(schema: Any, path: str, depth: int) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict) or depth > _DEPTH_MAX:
        expected = f"a JSON Schema at most {_DEPTH_MAX} deep"
        raise BodyError(path, f"{path} must be {expected}; got {described(schema)}")
    unknown = sorted(schema.keys() - _KEYWORDS)
    if unknown:
        raise BodyError(path, f"{path}: the keyword {unknown[0][:40]} is not supported here")
    inner: list[tuple[str, Any]] = []
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            inner.append((keyword, schema[keyword]))
    properties, any_of = schema.get("properties", {}), schema.get("anyOf", [])
    if isinstance(properties, dict):
        inner += [(f"properties.{name[:40]}", value) for name, value in properties.items()]
    if isinstance(any_of, list):
        inner += [(f"anyOf[{number}]", value) for number, value in enumerate(any_of)]
    for name, value in inner:
        _check_keywords(value, f"{path}.{name}", depth + 1)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
