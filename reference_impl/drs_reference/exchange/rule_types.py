"""The types of a rule, checked before anything is evaluated.

As the type checker of CEL has it: arithmetic keeps to one type of number, an equality or a list to
one type at all, and the orders ``<`` to ``>=`` compare numbers of any two types.
"""

from __future__ import annotations

from collections.abc import Mapping

from drs_reference.exchange.rule_syntax import Node
from drs_reference.exchange.rule_tokens import RuleError

__all__ = ["TYPES", "type_of"]

TYPES = frozenset(("int", "double", "bool", "string", "timestamp", "duration"))
"""Types that a feature can have (schema ``signature-extension``)."""

_NUMBERS = frozenset(("int", "uint", "double"))
_LITERALS = frozenset(("bool", "int", "uint", "double", "string"))


def type_of(node: Node, declared: Mapping[str, str]) -> str:
    """The type of a node. Raises ``RuleError``; calls itself as deep as the node is."""
    if node.kind in _LITERALS:
        return node.kind
    if node.kind == "variable":
        return _variable(node, declared)
    operands = [type_of(operand, declared) for operand in node.operands]
    if node.kind in ("&&", "||", "not"):
        return _same(node, operands, "bool")
    if node.kind in ("==", "!="):
        return _compared(node, operands)
    if node.kind in ("<", "<=", ">", ">="):
        return "bool" if _NUMBERS.issuperset(operands) else _compared(node, operands)
    if node.kind == "list":
        return _list(node, operands)
    if node.kind == "in":
        if operands[1] not in ("list of nothing", f"list of {operands[0]}"):
            raise RuleError(node.column, f"a value of type {operands[0]} in a {operands[1]}")
        return "bool"
    if node.kind == "?:":
        _same(node, operands[:1], "bool")
        _compared(node, operands[1:])
        return operands[1]
    return _arithmetic(node, operands)


def _variable(node: Node, declared: Mapping[str, str]) -> str:
    name = str(node.value)
    if name not in declared:
        raise RuleError(node.column, f"the variable {name[:64]} is not listed")
    return declared[name]


def _same(node: Node, operands: list[str], expected: str) -> str:
    for came in operands:
        if came != expected:
            message = f"{_sign(node)} needs operands of type {expected}; got {came}"
            raise RuleError(node.column, message)
    return expected


def _compared(node: Node, operands: list[str]) -> str:
    if operands[0] != operands[1]:
        message = f"{_sign(node)} needs operands of one type; got {' and '.join(operands)}"
        raise RuleError(node.column, message)
    return "bool"


def _list(node: Node, members: list[str]) -> str:
    if len(set(members)) > 1:
        raise RuleError(node.column, "the members of a list must be of one type")
    return f"list of {members[0] if members else 'nothing'}"


def _arithmetic(node: Node, operands: list[str]) -> str:
    allowed = {"%": {"int", "uint"}, "negative": {"int", "double"}}.get(node.kind, _NUMBERS)
    came = operands[0]
    if came not in allowed:
        message = f"{_sign(node)} needs numbers of type {' or '.join(sorted(allowed))}; got {came}"
        raise RuleError(node.column, message)
    return _same(node, operands, came)


def _sign(node: Node) -> str:
    return {"not": "!", "negative": "-"}.get(node.kind, node.kind)
