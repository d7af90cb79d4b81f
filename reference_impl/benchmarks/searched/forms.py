"""Forms of steps that say the same: a sum and a product do not depend on the order of two numbers.

The embedded model writes its steps in one way only. A candidate that chooses among forms needs
some, and so does an attacker who undoes the choice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from drs_reference.efficacy.tasks import TRACED, statements
from drs_reference.model.language import Sample

__all__ = ["commuted", "free_choices", "normalised", "operations", "sorted_form"]

_FREE = re.compile(r"(?<![\d+*-])(\d)([+*])(\d)(?=[+=])")
_OPERATION = re.compile(r"(?<![\d+*-])(\d)([-+*])(\d)(?:\+\d)?=")


def free_choices(sample: Sample, text: str) -> list[re.Match[str]]:
    """Return the places at which two different numbers may be exchanged: no fact changes."""
    if sample.task not in TRACED:
        return []
    return [found for found in _FREE.finditer(text) if found[1] != found[3]]


def commuted(text: str, places: Sequence[re.Match[str]]) -> str:
    """Return a text with the numbers at some of its places exchanged."""
    for place in places:
        text = f"{text[: place.start()]}{place[3]}{place[2]}{place[1]}{text[place.end() :]}"
    return text


def sorted_form(sample: Sample, text: str) -> str:
    """Return a text with the smaller number first: the same for all forms that say the same."""
    places = free_choices(sample, text)
    return commuted(text, [place for place in places if place[1] > place[3]])


def operations(sample: Sample, text: str) -> list[tuple[str, str, str]]:
    """Return (left, sign, right) of each step, in their order; nothing for free text."""
    if sample.task not in TRACED:
        return []
    return [(left, sign, right) for left, sign, right in _OPERATION.findall(text)]


def normalised(sample: Sample, text: str) -> str:
    """Return a text with numbers in the order of the question, as far as that tells it.

    An attacker can do this: it takes the question, and knowing that a sum does not depend on order.
    """
    places = free_choices(sample, text)
    return commuted(text, [place for place in places if _against(sample, text, place)])


def _against(sample: Sample, text: str, place: re.Match[str]) -> bool:
    """Tell whether a step has its numbers in another order than the question asks for."""
    asked = [int(number) for number in re.findall(r"\d+", sample.messages[-1][1])]
    left, right = int(place[1]), int(place[3])
    if sample.task == "addition":
        part = text[: place.start()].rstrip(" ").rpartition(" ")[2]
        divisor = 10 if part == "Tens:" else 1
        wanted = [number // divisor % 10 for number in asked[:2]]
        return [right, left] == wanted and [left, right] != wanted
    number = len(statements(text[: place.start()] + "x")) - 1
    operand = asked[1 + number] if 1 + number < len(asked) else -1
    return left == operand and right != operand
