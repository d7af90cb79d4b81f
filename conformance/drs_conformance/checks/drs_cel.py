"""Whether a rule lies within DRS-CEL (chapter Signatures, Rules); nothing is evaluated.

A row of `&&` or of `||` counts as a balanced tree, the flattest that it can be read as.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["OutsideProfile", "require_within"]

_BYTES_MAX, _NODES_MAX, _DEPTH_MAX = 2048, 256, 16
_NUMBERS = frozenset({"int", "uint", "double"})
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "<", "<=", ">", ">=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
"""Operators of two operands, those that bind least first."""
_TOKEN = re.compile(
    r"\s+|//[^\n]*"
    r"|(?P<double>\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)"
    r"|(?P<uint>(?:0x[0-9a-fA-F]+|\d+)[uU])|(?P<int>0x[0-9a-fA-F]+|\d+)"
    r"""|(?P<string>[rR]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))"""
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:()\[\],])",
    re.ASCII,
)


class OutsideProfile(ValueError):
    """A rule is not in DRS-CEL; the message says why."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a rule: its type, the nodes of its syntax tree, and how deep that is."""

    type: str
    nodes: int = 1
    depth: int = 1


def require_within(rule: str, declared: Mapping[str, str]) -> None:
    """Raise `OutsideProfile` unless a rule over the variables ``declared`` is in DRS-CEL.

    ``declared`` has the type of each variable.
    """
    if len(rule.encode("utf-8", "replace")) > _BYTES_MAX:
        raise OutsideProfile(f"it has more than {_BYTES_MAX} bytes")
    try:
        whole = _Parser(rule, declared).whole()
    except RecursionError:
        raise OutsideProfile("it is nested too deep to be read") from None
    if whole.nodes > _NODES_MAX or whole.depth > _DEPTH_MAX:
        raise OutsideProfile(
            f"it has {whole.nodes} nodes and is {whole.depth} deep; {_NODES_MAX} and {_DEPTH_MAX} "
            "are the most"
        )
    if whole.type != "bool":
        raise OutsideProfile(f"it is of the type {whole.type}, expected bool")


class _Parser:
    """Reads a rule once, from left to right."""

    def __init__(self, rule: str, declared: Mapping[str, str]) -> None:
        self._declared = declared
        self._tokens = [*_tokens(rule), ("end", "the end")]
        self._at = 0

    def whole(self) -> _Part:
        part = self._conditional()
        if self._kind != "end":
            raise OutsideProfile(f"{self._text} is not expected where it stands")
        return part

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _text(self) -> str:
        return self._tokens[self._at][1]

    def _take(self, *texts: str) -> str | None:
        """Go past one of these signs, if it comes next."""
        if self._kind == "sign" and self._text in texts:
            self._at += 1
            return self._tokens[self._at - 1][1]
        return None

    def _demand(self, text: str) -> None:
        if self._take(text) is None:
            raise OutsideProfile(f"expected {text}, got {self._text}")

    def _conditional(self) -> _Part:
        condition = self._binary(0)
        if self._take("?") is None:
            return condition
        first = self._binary(0)
        self._demand(":")
        second = self._conditional()
        if condition.type != "bool" or first.type != second.type:
            raise OutsideProfile("?: needs a truth value and two values of one type")
        return _joined(first.type, condition, first, second)

    def _binary(self, level: int) -> _Part:
        if level == len(_LEVELS):
            return self._unary()
        parts = [self._binary(level + 1)]
        while (sign := self._take(*_LEVELS[level])) is not None:
            parts.append(self._binary(level + 1))
            if sign not in ("&&", "||"):
                parts = [_joined(_type_of(sign, *parts), *parts)]
        return parts[0] if len(parts) == 1 else _row(parts)

    def _unary(self) -> _Part:
        sign = self._take("!", "-")
        if sign is None:
            return self._primary()
        operand = self._unary()
        wanted = {"bool"} if sign == "!" else {"int", "double"}
        if operand.type not in wanted:
            raise OutsideProfile(f"{sign} does not go with the type {operand.type}")
        return _joined(operand.type, operand)

    def _primary(self) -> _Part:
        if self._take("(") is not None:
            inner = self._conditional()
            self._demand(")")
            return inner
        if self._take("[") is not None:
            return self._list()
        kind, text = self._tokens[self._at]
        if kind in ("end", "sign"):
            raise OutsideProfile(f"{text} is not expected where it stands")
        self._at += 1
        if kind != "name":
            return _Part(kind)
        if self._kind == "sign" and self._text == "(":
            raise OutsideProfile(f"{text} is a function or a macro")
        if text in ("true", "false"):
            return _Part("bool")
        if text not in self._declared:
            raise OutsideProfile(f"{text} is no variable that the signature lists")
        return _Part(self._declared[text])

    def _list(self) -> _Part:
        members: list[_Part] = []
        while self._take("]") is None:
            if members:
                self._demand(",")
            if self._kind not in ("int", "uint", "double", "string", "name", "sign"):
                raise OutsideProfile("a list does not end")
            members.append(self._unary())
        if len({member.type for member in members}) > 1:
            raise OutsideProfile("a list has members of several types")
        return _joined(f"list of {members[0].type if members else 'nothing'}", *members)


def _tokens(rule: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(rule):
        match = _TOKEN.match(rule, at)
        if match is None:
            raise OutsideProfile(f"{rule[at]!r} is no part of it")
        if match.lastgroup is not None:
            kind = "sign" if match[0] == "in" else match.lastgroup
            found.append((kind, match[0]))
        at = match.end()
    return found


def _joined(type: str, *parts: _Part) -> _Part:
    depth = 1 + max((part.depth for part in parts), default=0)
    return _Part(type, 1 + sum(part.nodes for part in parts), depth)


def _row(parts: list[_Part]) -> _Part:
    """Return operands of `&&` or `||` as a tree, halved again and again."""
    if len(parts) == 1:
        if parts[0].type != "bool":
            raise OutsideProfile(f"&& and || need truth values, got {parts[0].type}")
        return parts[0]
    half = len(parts) // 2
    return _joined("bool", _row(parts[:half]), _row(parts[half:]))


def _type_of(sign: str, left: _Part, right: _Part) -> str:
    both = {left.type, right.type}
    if sign == "in":
        fits = right.type in ("list of nothing", f"list of {left.type}")
        result = "bool"
    elif sign in ("<", "<=", ">", ">="):
        fits, result = len(both) == 1 or both <= _NUMBERS, "bool"
    elif sign in ("==", "!="):
        fits, result = len(both) == 1, "bool"
    else:
        numbers = {"int", "uint"} if sign == "%" else _NUMBERS
        fits, result = len(both) == 1 and both <= numbers, left.type
    if not fits:
        raise OutsideProfile(f"{sign} does not go with {left.type} and {right.type}")
    return result
