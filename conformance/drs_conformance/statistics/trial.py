"""A statistical verdict in the making: its design, its errors and its processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.dual import Decision, Dual
from drs_conformance.statistics.operating import operating

__all__ = ["Trial"]

Case = TypeVar("Case")
_POINTS_MAX = 64


class Trial:
    """One process for each alternative; it fails when one does and passes when all do.

    The alternatives share ``alpha``, so that together they fail a conforming target no more often.
    Each has to pass at ``beta``, so whichever of them is true passes no more often.
    """

    def __init__(
        self,
        design: Design,
        alpha: float,
        alternatives: Sequence[str],
        channel: str,
        reference: str,
    ) -> None:
        """``channel`` is what the test can see, ``reference`` what it compares with."""
        self.design = design
        self.alpha = alpha
        self.beta = design.beta
        self.channel = channel
        self.reference = reference
        share, cap = alpha / len(alternatives), design.observations
        self.processes = {name: Dual(share, design.beta, cap) for name in alternatives}

    @property
    def open(self) -> tuple[str, ...]:
        """Alternatives that are not decided yet; none once one has failed."""
        if self.decision is not None:
            return ()
        return tuple(name for name, dual in self.processes.items() if dual.decision is None)

    @property
    def decision(self) -> Decision | None:
        """The verdict, once there is one."""
        decisions = [dual.decision for dual in self.processes.values()]
        if "fail" in decisions:
            return "fail"
        if None in decisions:
            return None
        return "inconclusive" if "inconclusive" in decisions else "pass"

    @property
    def observations(self) -> int:
        """Observations of the process that took most."""
        return max(dual.observations for dual in self.processes.values())

    def observe_coin(self, event: bool, alternative: str | None = None) -> None:
        """Take in one event of a design of the kind `rate`; ``alternative`` if it has several."""
        (first, *_) = self.processes
        laws = self.design.laws()
        assert laws is not None
        self.processes[alternative or first].observe(int(event), *laws)

    def observe_coins(
        self, cases: Iterable[Case], event: Callable[[Case], bool]
    ) -> tuple[list[Case], list[Case]]:
        """Take in cases until they decide; return those with the event and those without it."""
        seen: tuple[list[Case], list[Case]] = ([], [])
        for case in cases:
            happened = event(case)
            seen[not happened].append(case)
            self.observe_coin(happened)
            if self.decision is not None:
                break
        return seen

    def record(self, censored: int) -> dict[str, Any]:
        """Return what the journal's readers get to see, rounded so that it is the same anywhere.

        ``censored`` counts the attempts whose answer was lost.
        """
        alpha = self.alpha / len(self.processes)
        plan = self.design.plan(alpha)
        return {
            "effect": self.design.effect(),
            "channel": self.channel,
            "reference": self.reference,
            "alpha": float(f"{self.alpha:.6g}"),
            "beta": self.beta,
            "cap": self.design.observations,
            "censored": censored,
            "bound": {
                "conforming": round(plan.conforming / self.design.requests, 1),
                "violating": round(plan.violating / self.design.requests, 1),
            },
            "fixed": self.design.fixed(alpha),
            "operating": {
                "unit": self.design.unit,
                "effect": self.design.excluded,
                "points": [
                    [float(f"{p.effect:.6g}"), round(p.fails, 4), round(p.passes, 4)]
                    for p in operating(self.design, alpha)
                ],
            },
            "processes": [
                {
                    "alternative": name,
                    "decision": dual.decision,
                    "observations": dual.observations,
                    "path": _thinned(dual.path),
                }
                for name, dual in self.processes.items()
            ],
        }


def _thinned(path: Sequence[tuple[int, float, float]]) -> list[list[float]]:
    """Return [observations, log E_F, log E_P] at up to 64 points, the last one among them."""
    chosen = np.unique(np.linspace(0, len(path) - 1, min(len(path), _POINTS_MAX)).round())
    return [[path[int(i)][0], *(round(value, 4) for value in path[int(i)][1:])] for i in chosen]
