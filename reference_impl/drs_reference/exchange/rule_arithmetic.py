"""Arithmetic of the Common Expression Language; None is an error.

Whole numbers have 64 bits and their division truncates toward zero; doubles are those of IEEE 754,
whose division by zero is an infinity or not a number (CEL, section "Numeric Values").
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

__all__ = ["BINARY", "NEGATIVE"]

_RANGES = {"int": (-(2**63), 2**63 - 1), "uint": (0, 2**64 - 1)}


def _whole(kind: str) -> dict[tuple[str, str], Callable[[int, int], int | None]]:
    """The operators over whole numbers of a kind."""
    least, most = _RANGES[kind]

    def plus(left: int, right: int) -> int | None:
        result = left + right
        return result if least <= result <= most else None

    def minus(left: int, right: int) -> int | None:
        result = left - right
        return result if least <= result <= most else None

    def times(left: int, right: int) -> int | None:
        result = left * right
        return result if least <= result <= most else None

    def quotient(left: int, right: int) -> int | None:
        if right == 0:
            return None
        size = abs(left) // abs(right)
        result = -size if (left < 0) != (right < 0) else size
        return result if least <= result <= most else None

    def remainder(left: int, right: int) -> int | None:
        whole = quotient(left, right)
        return None if whole is None else left - whole * right

    operators = {"+": plus, "-": minus, "*": times, "/": quotient, "%": remainder}
    return {(kind, sign): function for sign, function in operators.items()}


def _divided(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _opposite(value: int) -> int | None:
    return None if value == _RANGES["int"][0] else -value


BINARY: dict[tuple[str, str], Callable[[Any, Any], Any]] = {
    **_whole("int"),
    **_whole("uint"),
    ("double", "+"): operator.add,
    ("double", "-"): operator.sub,
    ("double", "*"): operator.mul,
    ("double", "/"): _divided,
}
"""What an operator does, by the type of its operands and its sign."""

NEGATIVE: dict[str, Callable[[Any], Any]] = {"int": _opposite, "double": operator.neg}
"""The minus before one operand."""
