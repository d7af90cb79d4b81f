"""A rule as a function of the values of its variables.

None stands for an error: a value that the host did not compute, an overflow, a division by zero.
Every operator passes it on, save ``&&`` and ``||`` where the other side decides alone, in whatever
order they stand (CEL, section "Logical Operators"). So a None may also be read as "not known": what
a rule says with some values missing it says whatever they are.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drs_reference.exchange.rule_arithmetic import BINARY, NEGATIVE
from drs_reference.exchange.rule_syntax import Node

__all__ = ["Code", "Values", "compiled"]

Values = Sequence[Any]
"""The value of each variable, by its number, or None."""
Code = Callable[[Values], Any]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_STRUCTURE = frozenset(("list", "in", "&&", "||", "not", "negative", "?:", *_COMPARISONS, *"+-*/%"))


def compiled(node: Node, numbers: Mapping[str, int], types: Mapping[str, str]) -> Code:
    """The function of a node whose types were checked; ``numbers`` and ``types`` of variables."""
    if node.kind == "variable":
        return operator.itemgetter(numbers[str(node.value)])
    if node.kind not in _STRUCTURE:
        value = node.value
        return lambda values: value
    if node.kind == "in":
        members = frozenset(member.value for member in node.operands[1].operands)
        return _one(members.__contains__, compiled(node.operands[0], numbers, types))
    codes = [compiled(operand, numbers, types) for operand in node.operands]
    if node.kind == "not":
        return _one(operator.not_, codes[0])
    if node.kind == "negative":
        return _one(NEGATIVE[_number_type(node, types)], codes[0])
    if node.kind == "?:":
        return _condition(*codes)
    if node.kind in ("&&", "||"):
        return _logical(node.kind == "||", *codes)
    function = _COMPARISONS.get(node.kind) or BINARY[_number_type(node, types), node.kind]
    right = node.operands[1]
    if right.kind not in _STRUCTURE and right.kind != "variable":
        return _against(function, codes[0], right.value)
    return _two(function, *codes)


def _number_type(node: Node, types: Mapping[str, str]) -> str:
    """The type of a number: that of any operand that it is made of."""
    while node.operands:
        node = node.operands[-1]
    return types[str(node.value)] if node.kind == "variable" else node.kind


def _one(function: Callable[[Any], Any], operand: Code) -> Code:
    def code(values: Values) -> Any:
        value = operand(values)
        return None if value is None else function(value)

    return code


def _two(function: Callable[[Any, Any], Any], left: Code, right: Code) -> Code:
    def code(values: Values) -> Any:
        first = left(values)
        if first is None:
            return None
        second = right(values)
        return None if second is None else function(first, second)

    return code


def _against(function: Callable[[Any, Any], Any], left: Code, constant: object) -> Code:
    def code(values: Values) -> Any:
        value = left(values)
        return None if value is None else function(value, constant)

    return code


def _logical(decisive: bool, left: Code, right: Code) -> Code:
    """``||`` where True is decisive, ``&&`` where False is."""

    def code(values: Values) -> Any:
        first = left(values)
        if first is decisive:
            return decisive
        second = right(values)
        if second is decisive:
            return decisive
        return None if first is None or second is None else not decisive

    return code


def _condition(asked: Code, then: Code, otherwise: Code) -> Code:
    def code(values: Values) -> Any:
        answer = asked(values)
        if answer is None:
            return None
        return then(values) if answer else otherwise(values)

    return code
