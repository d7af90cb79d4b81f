"""STIX objects of the exchange as they arrive: bytes to a document that its schema knows.

What a schema of JSON cannot say in full is said here: patterns of JSON Schema, as Python reads
them, let a line end follow the last character and take digits of any script for digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from jsonschema.exceptions import ValidationError, best_match

from drs_reference.documents import expectation
from drs_reference.exchange.canonical import NoCanonicalFormError, parse
from drs_reference.json_text import described
from drs_reference.standard import validator

__all__ = ["OBJECT_MAX", "ObjectError", "moment", "read_object"]

OBJECT_MAX = 4 << 20
"""Largest object that is read, bytes; the schema of signatures admits a little over 2 MB."""

_ERRORS_LOOKED_AT = 16
_MESSAGE_MAX = 400
_FREE_TEXT = {"name": "", "description": "\n", "pattern": "\t\n\r"}
"""Members for people, at the top, with the control characters that they may hold."""
_TURNS_TEXT = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


class ObjectError(ValueError):
    """An object that is refused; ``reason`` is an identifier, ``message`` says what to mend."""

    def __init__(self, reason: str, message: str) -> None:
        cut = message if len(message) <= _MESSAGE_MAX else message[: _MESSAGE_MAX - 3] + "..."
        super().__init__(f"{reason}: {cut}")
        self.reason = reason
        self.message = cut


def read_object(body: bytes, kind: str) -> dict[str, Any]:
    """The document in ``body``, valid by the schema ``kind``, such as ``signature``.

    Raises ``ObjectError`` for the reasons ``size``, ``canonical`` and ``schema``.
    """
    if len(body) > OBJECT_MAX:
        raise ObjectError(
            "size", f"the object has {len(body)} bytes; at most {OBJECT_MAX} are read"
        )
    try:
        document = parse(body)
    except NoCanonicalFormError as error:
        raise ObjectError("canonical", str(error)) from error
    wrong = best_match(islice(validator(kind).iter_errors(document), _ERRORS_LOOKED_AT))
    if wrong is not None:
        where = ".".join(str(step) for step in wrong.absolute_path) or "the object"
        raise ObjectError("schema", f"{where} {_wrong(wrong)} (schema {kind})")
    for name, value in document.items():
        if name in _FREE_TEXT:
            _check_free_text(name, value)
        else:
            _check_plain(name, value)
    return document


def moment(members: Mapping[str, Any], name: str) -> datetime:
    """The time of a member that the schema has passed. Raises ``ObjectError`` (``schema``).

    A leap second is refused: the exchange compares times, and this one has no place among them.
    """
    try:
        return datetime.fromisoformat(members[name]).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ObjectError("schema", f"{name} is no moment of the calendar: {error}") from error


def _wrong(error: ValidationError) -> str:
    came: Any = error.instance
    named: Any = error.validator_value
    if error.validator == "required":
        return f"lacks {', '.join(name for name in named if name not in came)}"
    expected = "is of none of the forms" if error.validator == "oneOf" else expectation(error)
    return f"{expected}; got {described(came)}"


def _check_free_text(name: str, text: str) -> None:
    allowed = _FREE_TEXT[name]
    for at, character in enumerate(text):
        if character not in allowed and unicodedata.category(character) == "Cc":
            raise ObjectError("schema", f"{name} holds a control character at {at}")
    if _TURNS_TEXT.search(text):
        raise ObjectError("schema", f"{name} holds a character that turns or breaks its line")


def _check_plain(path: str, value: Any) -> None:
    if isinstance(value, str):
        if not (value.isascii() and value.isprintable()):
            raise ObjectError(
                "schema", f"{path} must be of printable ASCII; got {described(value)}"
            )
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_plain(f"{path}.{name}", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _check_plain(f"{path}[{number}]", inner)
