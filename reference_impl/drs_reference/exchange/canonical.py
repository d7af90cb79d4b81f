"""JSON that has exactly one meaning, and its one form in bytes (RFC 8785).

Readers differ on what stands twice, on numbers beyond a double and on halves of surrogate pairs;
whoever signs or digests such a document does not know what others will read in it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from drs_reference.json_text import BodyError, parse_object

DEPTH_MAX = 32
_EXACT_MAX = 2**53 - 1


class NoCanonicalFormError(ValueError):
    """A document has no canonical form; the message says where and why."""


def parse(text: bytes) -> dict[str, Any]:
    """The object that ``text`` holds. Raises ``NoCanonicalFormError``."""
    try:
        document = parse_object(text)
    except BodyError as error:
        where = f"{error.member}: " if error.member else ""
        raise NoCanonicalFormError(where + error.message) from error
    canonical(document)
    return document


def canonical(document: Any) -> bytes:
    """The JCS form. Raises ``NoCanonicalFormError``."""
    _check(document, "", 0)
    try:
        return rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NoCanonicalFormError(f"the document has no canonical form: {error}") from error


def digest(document: Any) -> str:
    """``sha256:`` and the SHA-256 of the JCS form, in hexadecimal."""
    return "sha256:" + hashlib.sha256(canonical(document)).hexdigest()


def _check(value: Any, path: str, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise NoCanonicalFormError(f"{path} is nested more than {DEPTH_MAX} deep")
    if isinstance(value, dict):
        for name, inner in value.items():
            _check(inner, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _check(inner, f"{path}[{number}]", depth + 1)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        # A double holds every whole number up to here, and none beyond it without doubt.
        if isinstance(value, int) and abs(value) > _EXACT_MAX:
            raise NoCanonicalFormError(f"{path} is a number that a double cannot hold exactly")
        if isinstance(value, float) and value.is_integer() and abs(value) > _EXACT_MAX:
            raise NoCanonicalFormError(f"{path} is a number that a double cannot hold exactly")
