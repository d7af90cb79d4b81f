"""Trying a function that an answer defines, without running it as Python.

An answer may say anything, so only arithmetic is carried out: assignments, a return, and the
operators + - * // % on whole numbers, in a bounded number of steps.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

__all__ = ["outcome"]

_DIGITS_MAX = 1000
_TEXT_MAX = 20_000
_OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.FloorDiv: int.__floordiv__,
    ast.Mod: int.__mod__,
}


class _NotArithmetic(Exception):
    """A part of a program is not among those that are known here."""


def outcome(text: str, name: str, argument: int) -> int | None:
    """Return what the function ``name`` of one argument returns, None where that is not known.

    The function may stand between lines of prose or of a fenced block.
    """
    function = _defined(text, name)
    if function is None or len(function.args.args) != 1:
        return None
    values = {function.args.args[0].arg: argument}
    try:
        for statement in function.body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                return _value(statement.value, values)
            _carry_out(statement, values)
    except (_NotArithmetic, ZeroDivisionError, RecursionError):
        return None
    return None


def _defined(text: str, name: str) -> ast.FunctionDef | None:
    """Return the definition of a function, of the longest run of lines from it that parses."""
    lines = text[:_TEXT_MAX].splitlines()
    for start, line in enumerate(lines):
        if not line.lstrip().startswith(f"def {name}("):
            continue
        indent = len(line) - len(line.lstrip())
        body = [each[indent:] for each in lines[start : start + 40]]
        for end in range(len(body), 0, -1):
            try:
                module = ast.parse("\n".join(body[:end]))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            first = module.body[0]
            if isinstance(first, ast.FunctionDef):
                return first
    return None


def _carry_out(statement: ast.stmt, values: dict[str, int]) -> None:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return  # a docstring
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], _value(statement.value, values)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, _value(statement.value, values)
    elif isinstance(statement, ast.AugAssign):
        target = statement.target
        value = _combined(statement.op, _value(statement.target, values), statement.value, values)
    else:
        raise _NotArithmetic
    if not isinstance(target, ast.Name):
        raise _NotArithmetic
    values[target.id] = value


def _value(node: ast.expr, values: Mapping[str, int]) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name) and node.id in values:
        return values[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, values)
    if isinstance(node, ast.BinOp):
        return _combined(node.op, _value(node.left, values), node.right, values)
    raise _NotArithmetic


def _combined(operator: ast.operator, left: int, right: ast.expr, values: Mapping[str, int]) -> int:
    if type(operator) not in _OPERATORS:
        raise _NotArithmetic
    result = _OPERATORS[type(operator)](left, _value(right, values))
    if abs(result) >= 10**_DIGITS_MAX:
        raise _NotArithmetic
    return result
