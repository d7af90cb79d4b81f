"""The picture of a sequential test: the wealth of its processes on the way to their boundaries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from drs_conformance.reports.quantities import approximately

__all__ = ["ProcessPicture", "process_picture"]

WIDTH = 640
_LEFT, _RIGHT, _TOP, _BOTTOM = 30, 12, 22, 26
_LONE, _ONE_OF_SEVERAL = 190, 112
_LEAST = -2.0
ProcessPicture = dict[str, Any]


def process_picture(statistics: Mapping[str, Any]) -> ProcessPicture:
    """Return lines and labels, a panel a process, for the member `statistics` of an outcome.

    All panels have the same axes, both linear: observations to the right, the natural log of the
    wealth upwards. Below -2 a line is cut off, for a wealth that has vanished decides nothing.
    """
    processes = statistics["processes"]
    fail_at = -math.log(statistics["alpha"] / len(processes))
    pass_at = -math.log(statistics["beta"])
    most = max(point[0] for process in processes for point in process["path"]) or 1
    tall = _LONE if len(processes) == 1 else _ONE_OF_SEVERAL
    panels = []
    for number, process in enumerate(processes):
        top = _TOP + number * (tall + _TOP)
        scale = _Scale(most, _LEAST, fail_at * 1.04, top, top + tall)
        panels.append(
            {
                "alternative": process["alternative"],
                "decision": process["decision"] or "not decided",
                "observations": process["observations"],
                "top": top,
                "bottom": top + tall,
                "zero": scale.y(0),
                "boundaries": [
                    {"name": "fails", "class": "fail", "y": scale.y(fail_at)},
                    {"name": "passes", "class": "pass", "y": scale.y(pass_at)},
                ],
                "lines": [
                    {"class": kind, "points": _points(process["path"], column, scale)}
                    for kind, column in (("fail", 1), ("pass", 2))
                ],
            }
        )
    bounds = statistics["bound"].items()
    return {
        "width": WIDTH,
        "height": panels[-1]["bottom"] + _BOTTOM,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "top": _TOP,
        "bottom": panels[-1]["bottom"],
        "panels": panels,
        "fail_at": approximately(math.exp(fail_at)),
        "pass_at": approximately(math.exp(pass_at)),
        "most": most,
        "bounds": [{"name": name, "x": scale.x(at)} for name, at in bounds if at <= most],
    }


class _Scale:
    def __init__(self, most: float, low: float, high: float, top: float, bottom: float) -> None:
        self._most, self._low, self._high = most, low, high
        self._top, self._bottom = top, bottom

    def x(self, observations: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * observations / self._most, 1)

    def y(self, wealth: float) -> float:
        share = (min(max(wealth, self._low), self._high) - self._low) / (self._high - self._low)
        return round(self._bottom - (self._bottom - self._top) * share, 1)


def _points(path: Sequence[Sequence[float]], column: int, scale: _Scale) -> str:
    return " ".join(f"{scale.x(point[0])},{scale.y(point[column])}" for point in path)
