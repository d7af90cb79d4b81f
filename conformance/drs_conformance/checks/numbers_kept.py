"""Whether an answer under a measure has the numbers of the answer without one."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["keeps_numbers", "numbers"]

_NUMBER = re.compile(r"\d+")


def numbers(text: str) -> list[str]:
    """Return the numbers in a text, in order."""
    found: list[str] = _NUMBER.findall(text)
    return found


def keeps_numbers(plain: str, other: str, *, all_of_them: bool) -> bool:
    """Whether ``other`` has the numbers of ``plain``, which has some.

    All of them, or where steps may be left out the last one, and none that ``plain`` lacks.
    """
    whole, kept = Counter(numbers(plain)), Counter(numbers(other))
    if all_of_them:
        return whole == kept
    return kept <= whole and numbers(plain)[-1:] == numbers(other)[-1:]
