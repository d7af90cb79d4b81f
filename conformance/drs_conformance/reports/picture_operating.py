"""The picture of what a design can do: how often it fails and passes targets, by effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drs_conformance.reports.quantities import approximately

__all__ = ["OperatingPicture", "operating_picture"]

WIDTH, HEIGHT = 640, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 40
_NAMES = {
    "rate": "rate of the event",
    "nats": "divergence, nats an observation",
    "drop": "mean drop",
    "excess": "mean excess",
}
OperatingPicture = dict[str, Any]


def operating_picture(statistics: Mapping[str, Any]) -> OperatingPicture:
    """Return areas and labels in a box for the member `statistics` of an outcome.

    To the right lies the effect, upwards the share of runs: those that pass below, those that fail
    above, those that come to no verdict within the cap between them.
    """
    points = statistics["operating"]["points"]
    first, last = float(points[0][0]), float(points[-1][0])

    def place(effect: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * abs(effect - first) / (abs(last - first) or 1)

    places = [place(point[0]) for point in points]
    passing = [point[2] for point in points]
    deciding = [1 - point[1] for point in points]
    zero, one = [0.0] * len(points), [1.0] * len(points)
    excluded = statistics["operating"]["effect"]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "top": _TOP,
        "bottom": HEIGHT - _BOTTOM,
        "areas": [
            {"class": "pass", "points": _area(places, zero, passing)},
            {"class": "inconclusive", "points": _area(places, passing, deciding)},
            {"class": "fail", "points": _area(places, deciding, one)},
        ],
        "axis": _NAMES[statistics["operating"]["unit"]],
        "ticks": [
            {"x": _LEFT, "text": _number(first), "anchor": "start"},
            {"x": WIDTH - _RIGHT, "text": _number(last), "anchor": "end"},
        ],
        "said": [
            {"effect": _number(effect), "fails": fails, "passes": passes}
            for effect, fails, passes in points[::4]
        ],
        "middle": {"x": round(place(excluded), 1), "text": _number(excluded)},
    }


def _area(places: Sequence[float], low: Sequence[float], high: Sequence[float]) -> str:
    upper = [f"{x:.1f},{_y(share)}" for x, share in zip(places, high, strict=True)]
    lower = [f"{x:.1f},{_y(share)}" for x, share in zip(places, low, strict=True)]
    return " ".join([*upper, *reversed(lower)])


def _y(share: float) -> float:
    # A share that was read from JSON may be a whole number.
    within = float(min(max(share, 0), 1))
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * within, 1)


def _number(value: float) -> str:
    return approximately(value) if value > 0 else "0"
