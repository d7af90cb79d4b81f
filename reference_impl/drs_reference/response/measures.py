"""What each state of the ladder does to an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

MEASURES_OF: Mapping[str, tuple[str, ...]] = {
    "standing": (),
    "observed": (),
    "throttled": ("throttle",),
    "perturbed": ("throttle", "perturb"),
    "suspended": ("suspend",),
    "terminated": ("terminate",),
}
"""Measures in force by state (effects of the ladder registry)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure in force and when it began."""

    kind: str
    since: datetime


def measures_after(before: Iterable[Measure], state: str, at: datetime) -> tuple[Measure, ...]:
    """Measures once ``state`` is entered; what goes on keeps its beginning."""
    running = {measure.kind: measure for measure in before}
    return tuple(running.get(kind, Measure(kind, at)) for kind in MEASURES_OF[state])
