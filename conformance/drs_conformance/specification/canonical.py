"""Canonical JSON (JCS, RFC 8785), for lines that are written and read by the thousand."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Any

import rfc8785

__all__ = ["canonical_json"]

_MAX_INT = 2**53 - 1


class _Unusual(Exception):
    """A value that is left to rfc8785."""


def canonical_json(value: Any) -> bytes:
    """Return what `rfc8785.dumps` returns, several times as fast for what a journal holds.

    Raises:
        rfc8785.CanonicalizationError: the value has no canonical form.

    """
    try:
        return _text(value).encode("utf-8")
    except (_Unusual, UnicodeEncodeError):
        return rfc8785.dumps(value)


def _text(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is dict:
        if not all(type(name) is str and name.isascii() for name in value):
            # JCS sorts by UTF-16 code units.
            raise _Unusual
        members = (f"{encode_basestring(name)}:{_text(value[name])}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    if kind is list:
        return "[" + ",".join(map(_text, value)) + "]"
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int and -_MAX_INT <= value <= _MAX_INT:
        return str(value)
    if kind is float and 1e-4 <= abs(value) < 1e15 and not value.is_integer():
        # Outside these bounds the two notations differ.
        return repr(value)
    if kind is float or kind is int:
        return rfc8785.dumps(value).decode("ascii")
    raise _Unusual
