"""The picture of a result: a bar of all verdicts and a cell for each requirement, as shapes.

A verdict is told by its letter and its shape; colour repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drs_conformance.verdicts import SEVERITY

__all__ = ["BAR_WIDTH", "MARKS", "Mark", "Segment", "segments"]

BAR_WIDTH = 1000
"""Width of the bar in the units of its view box."""
_GAP = 3
_NARROWEST = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """How a verdict looks: its letter, the outline of its shape in a box of 24 by 24, its name."""

    letter: str
    outline: str
    meaning: str


MARKS: Mapping[str, Mark] = {
    "fail": Mark("F", "M8 1h8l7 7v8l-7 7H8l-7-7V8z", "the requirement does not hold"),
    "harness-error": Mark("H", "M12 1 23 12 12 23 1 12z", "the suite itself went wrong"),
    "untestable": Mark("U", "M2 2h20v20H2z", "it could not be brought to where a test begins"),
    "inconclusive": Mark(
        "I", "M12 1a11 11 0 1 1 0 22 11 11 0 0 1 0-22z", "the evidence decides neither way"
    ),
    "pass": Mark(
        "P",
        "M6 2h12a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H6a4 4 0 0 1-4-4V6a4 4 0 0 1 4-4z",
        "no violation was seen",
    ),
    "not-applicable": Mark("N", "M1 6h22v12H1z", "what it is about is declared not to exist"),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the bar, in units of its view box."""

    verdict: str
    count: int
    x: float
    width: float


def segments(counts: Mapping[str, Any]) -> list[Segment]:
    """Return the parts of the bar from the worst verdict to the best; none of them is too thin."""
    present = [(verdict, counts[verdict]) for verdict in SEVERITY if counts[verdict]]
    total = sum(count for _, count in present)
    room = BAR_WIDTH - _GAP * (len(present) - 1) - _NARROWEST * len(present)
    found, at = [], 0.0
    for verdict, count in present:
        width = _NARROWEST + room * count / total
        found.append(Segment(verdict, count, round(at, 1), round(width, 1)))
        at += width + _GAP
    return found
