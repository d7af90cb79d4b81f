"""The words of DRS-CEL: literals, names and operators of the Common Expression Language."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BYTES_MAX", "RuleError", "Token", "Value", "tokens"]

BYTES_MAX = 2048
"""Longest rule, in UTF-8."""

Value = bool | int | float | str

# CEL, section "Syntax". No alternative can match the empty string or backtrack over another.
_TOKEN = re.compile(
    r"(?P<blank>[\t\n\f\r ]+|//[^\n]*)"
    r"|(?P<double>[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)"
    r"|(?P<int>0x[0-9a-fA-F]+|[0-9]+)(?P<unsigned>[uU]?)"
    r"|(?P<string>(?P<raw>[rR]?)(?:"
    r"'''(?P<s3>(?:[^'\\]|\\.|'(?!''))*)'''|\"\"\"(?P<d3>(?:[^\"\\]|\\.|\"(?!\"\"))*)\"\"\""
    r"|'(?P<s1>(?:[^'\\\r\n]|\\[^\r\n])*)'|\"(?P<d1>(?:[^\"\\\r\n]|\\[^\r\n])*)\"))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:[\t\n\f\r ]*\.[\t\n\f\r ]*[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|(?P<operator>&&|\|\||[=!<>]=|[-+*/%<>!?:()\[\],])",
    re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})"
    r"|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|(?P<wrong>.?))",
    re.DOTALL,
)
_PLAIN = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


class RuleError(ValueError):
    """A rule outside of DRS-CEL; ``column`` counts characters from 1."""

    def __init__(self, column: int, reason: str) -> None:
        super().__init__(f"column {column}: {reason}")
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Token:
    """A word at a column. ``kind`` is that of a literal, ``name``, ``end`` or the operator itself.

    ``text`` is the name; ``value`` is that of a literal, its sign aside.
    """

    kind: str
    column: int
    text: str = ""
    value: Value = False


def tokens(text: str) -> list[Token]:
    """The words of a rule, an ``end`` last. Raises ``RuleError``."""
    words: list[Token] = []
    at, end = 0, len(text)
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise RuleError(at + 1, f"{text[at]!r} is no part of DRS-CEL here")
        if match["blank"] is None:
            words.append(_token(match, text))
        at = match.end()
    return [*words, Token("end", end + 1)]


def _token(match: re.Match[str], text: str) -> Token:
    column = match.start() + 1
    if match["double"] is not None or match["int"] is not None:
        following = text[match.end() : match.end() + 1]
        if following.isalnum() or following in ("_", "."):
            raise RuleError(column, "a number is followed by something that is not an operator")
        return _number(match, column)
    if match["string"] is not None:
        return Token("string", column, value=_string(match, column))
    if match["name"] is not None:
        return _name("".join(match["name"].split()), column)
    return Token(match["operator"], column)


def _number(match: re.Match[str], column: int) -> Token:
    if match["int"] is not None:
        kind = "uint" if match["unsigned"] else "int"
        digits = match["int"]
        value = int(digits, 16) if digits.startswith("0x") else int(digits)
        return Token(kind, column, value=value)
    number = float(match["double"])
    if number == float("inf"):
        raise RuleError(column, "a number of type double is beyond 64 bits")
    return Token("double", column, value=number)


def _name(name: str, column: int) -> Token:
    if name in ("true", "false"):
        return Token("bool", column, value=name == "true")
    if name == "in":
        return Token("in", column)
    return Token("name", column, text=name)


def _string(match: re.Match[str], column: int) -> str:
    body = next(match[group] for group in ("s3", "d3", "s1", "d1") if match[group] is not None)
    return body if match["raw"] else _ESCAPE.sub(lambda escape: _unescaped(escape, column), body)


def _unescaped(escape: re.Match[str], column: int) -> str:
    if escape["plain"] is not None:
        return _PLAIN.get(escape["plain"], escape["plain"])
    for group, base in (("x", 16), ("u", 16), ("U", 16), ("octal", 8)):
        if escape[group] is not None:
            code = int(escape[group], base)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise RuleError(column, "a string holds an escape that is no character")
            return chr(code)
    raise RuleError(column, "a string holds an unknown escape")
