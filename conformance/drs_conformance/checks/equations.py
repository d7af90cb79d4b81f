"""Equations between numbers that a text states, and whether they hold.

Steps of a calculation are statements that can be judged without knowing the question:
``4+8+1=13`` holds, ``4+8+1=14`` does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["STEP_TOKENS", "Equation", "equations", "held_better"]

STEP_TOKENS = 48
"""Of an answer that holds the steps of a sum."""

# No number is so long that it costs time to reckon with.
_NUMBER = r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,12})?|\d{1,15}(?:\.\d{1,12})?"
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/"})
# As Markdown and TeX show them.
_SHOWN = {r"\\times ?": "*", r"\\cdot ?": "*", r"\\div ?": "/", rf"\*\*({_NUMBER})\*\*": r"\1"}
_EQUATION = re.compile(
    # What stands before must not go on with what is read, nor what stands behind.
    r"(?<![\w.,)\]^*/+=-])(?<![)\]^*/+=-] )"
    rf"(?P<terms>(?:{_NUMBER})(?:[ ]?[-+*/][ ]?(?:{_NUMBER})){{1,12}})"
    rf"[ ]?=[ ]?(?P<result>-?(?:{_NUMBER}))"
    r"(?![\d%^]|[.,]\d|[ ]?[-+*/(=]|[ ]?\w)(?![ ][-+*/=])"
)
_TERM = re.compile(rf"(?P<sign>[-+*/]?)[ ]?(?P<number>{_NUMBER})")


@dataclass(frozen=True, slots=True)
class Equation:
    """An equation as it stands in the text."""

    text: str
    holds: bool


def equations(text: str) -> list[Equation]:
    """Return the equations of a text, in order.

    Read are sums, differences, products and quotients of numbers, equal to a number. A quotient
    may be rounded or cut off. What goes on beyond, or holds anything else, is left aside.
    """
    found = []
    plain = text.translate(_SIGNS)
    for shown, meant in _SHOWN.items():
        plain = re.sub(shown, meant, plain)
    for match in _EQUATION.finditer(plain):
        value = _value(match["terms"])
        if value is not None:
            result = match["result"].replace(",", "")
            slack = Fraction(1, 10 ** len(result.partition(".")[2])) if "/" in match["terms"] else 0
            off = abs(value - Fraction(result))
            found.append(Equation(match[0], off == 0 or off < slack))
    return found


def held_better(plain: str, other: str) -> float | None:
    """Return 1 where only ``plain`` states a false equation, -1 where only ``other`` does, else 0.

    None where neither states any.
    """
    stated = [equations(text) for text in (plain, other)]
    if not any(stated):
        return None
    wrong, worse = (any(not one.holds for one in found) for found in stated)
    return float(wrong) - float(worse)


def _value(terms: str) -> Fraction | None:
    """Return what a calculation comes to, products before sums; None for a division by zero."""
    summands: list[Fraction] = []
    for term in _TERM.finditer(terms):
        number = Fraction(term["number"].replace(",", ""))
        if term["sign"] == "*":
            summands[-1] *= number
        elif term["sign"] == "/":
            if number == 0:
                return None
            summands[-1] /= number
        else:
            summands.append(-number if term["sign"] == "-" else number)
    return sum(summands, Fraction(0))
