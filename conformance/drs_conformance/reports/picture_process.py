"""The picture of a sequential test: the wealth of its processes on the way to their boundaries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["ProcessPicture", "process_picture"]

WIDTH, HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 14, 34
_DASHES = ("none", "6 3", "2 3", "8 3 2 3", "12 4", "1 4")
ProcessPicture = dict[str, Any]


def process_picture(statistics: Mapping[str, Any]) -> ProcessPicture:
    """Return lines and labels in a box of 640 by 240 for the member `statistics` of an outcome.

    Both axes are linear: observations to the right, the natural log of the wealth upwards. Below
    -2 a line is cut off, for a wealth that has vanished decides nothing.
    """
    processes = statistics["processes"]
    fail_at = -math.log(statistics["alpha"] / len(processes))
    pass_at = -math.log(statistics["beta"])
    most = max(point[0] for process in processes for point in process["path"]) or 1
    scale = _Scale(most, -2.0, fail_at * 1.08)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "boundaries": [
            {"name": "fails", "class": "fail", "y": scale.y(fail_at)},
            {"name": "passes", "class": "pass", "y": scale.y(pass_at)},
        ],
        "zero": scale.y(0),
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "bottom": HEIGHT - _BOTTOM,
        "bounds": [
            {"name": f"least mean, {name}", "x": scale.x(value)}
            for name, value in statistics["bound"].items()
            if value <= most
        ],
        "most": most,
        "lines": [
            {
                "alternative": process["alternative"],
                "class": kind,
                "dash": _DASHES[number % len(_DASHES)],
                "points": _points(process["path"], column, scale),
            }
            for number, process in enumerate(processes)
            for kind, column in (("fail", 1), ("pass", 2))
        ],
    }


class _Scale:
    def __init__(self, most: float, low: float, high: float) -> None:
        self._most, self._low, self._high = most, low, high

    def x(self, observations: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * observations / self._most, 1)

    def y(self, wealth: float) -> float:
        share = (min(max(wealth, self._low), self._high) - self._low) / (self._high - self._low)
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share, 1)


def _points(path: Sequence[Sequence[float]], column: int, scale: _Scale) -> str:
    return " ".join(f"{scale.x(point[0])},{scale.y(point[column])}" for point in path)
