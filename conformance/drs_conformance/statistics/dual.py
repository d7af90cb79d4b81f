"""Two e-processes that decide one requirement."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drs_conformance.statistics.boosting import Array, boost
from drs_conformance.statistics.processes import Betting

__all__ = ["Decision", "Dual"]

Decision = Literal["fail", "pass", "inconclusive"]
_ROUNDING = 1e-9


@dataclass(slots=True)
class Dual:
    """The wealth of both processes, in logs; a verdict that was reached stays.

    ``alpha`` bounds the probability of FAIL when the target conforms, ``beta`` that of PASS when
    it violates by the design's effect; ``cap`` is the greatest number of observations. ``path``
    holds (observations, log E_F, log E_P) after each batch, for the pictures of a report.
    """

    alpha: float
    beta: float
    cap: int
    log_fail: float = 0.0
    log_pass: float = 0.0
    observations: int = 0
    decision: Decision | None = None
    path: list[tuple[int, float, float]] = field(default_factory=lambda: [(0, 0.0, 0.0)])

    def multiply(self, log_fail: float, log_pass: float, observations: int = 1) -> None:
        """Take in factors, each with expectation at most 1 under what its process tests.

        Raises:
            ValueError: a verdict was reached before, or a factor is not a number.

        """
        if self.decision is not None:
            raise ValueError(f"expected no observation after the verdict {self.decision}")
        if math.isnan(log_fail) or math.isnan(log_pass):
            raise ValueError("expected the logarithms of two factors, got what is no number")
        self.log_fail += log_fail
        self.log_pass += log_pass
        self.observations += observations
        self.path.append((self.observations, self.log_fail, self.log_pass))
        if self.log_fail >= -math.log(self.alpha) - _ROUNDING:
            self.decision = "fail"
        elif self.log_pass >= -math.log(self.beta) - _ROUNDING:
            self.decision = "pass"
        elif self.observations >= self.cap:
            self.decision = "inconclusive"

    def observe(self, value: int, conforming: Array, violating: Array, slack: float = 0.0) -> None:
        """Take in one observation of a simple hypothesis against a simple one.

        ``conforming`` and ``violating`` are the probabilities of each possible value under the
        two, ``value`` is the index of the one that came. Overshoot is removed from both processes.
        ``slack`` is by how much the expectation of a factor may exceed 1 because the probabilities
        are known only so exactly; both factors are lowered by it.
        """
        room_fail, room_pass = self._room
        fail, passed = factors(
            np.array([value]), conforming, violating, room_fail + slack, room_pass + slack
        )
        self.multiply(float(fail[0]) - slack, float(passed[0]) - slack)

    def bet(self, betting: Betting, difference: float) -> None:
        """Take in one difference of two accounts.

        Raises:
            ValueError: the difference is not in [-1, 1].

        """
        fail, passed = betting.factors(np.array([difference]), *self._room)
        self.multiply(float(fail[0]), float(passed[0]))

    @property
    def _room(self) -> tuple[Array, Array]:
        """Logs of boundary over wealth."""
        return (
            np.array([-math.log(self.alpha) - self.log_fail]),
            np.array([-math.log(self.beta) - self.log_pass]),
        )


def factors(
    values: NDArray[np.int64],
    conforming: Array,
    violating: Array,
    room_fail: Array,
    room_pass: Array,
) -> tuple[Array, Array]:
    """Return the log factors of both processes for the value of each run, overshoot removed.

    Laws have shape (values,) or (runs, values); ``room_fail`` and ``room_pass`` are the logs of
    boundary over wealth of each run.
    """
    with np.errstate(divide="ignore"):
        log_ratio = np.atleast_2d(np.log(violating) - np.log(conforming))
    seen = log_ratio[np.arange(len(values)) if len(log_ratio) > 1 else 0, values]
    return (
        np.minimum(seen + boost(log_ratio, conforming, room_fail), room_fail),
        np.minimum(-seen + boost(-log_ratio, violating, room_pass), room_pass),
    )
