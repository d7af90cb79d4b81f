"""Many runs of a design at once, for planning and for the audit of its errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.dual import factors

__all__ = ["Integers", "Outcomes", "Simple", "Taken", "Walk", "drawn_from", "simulate"]

Integers = NDArray[np.int64]
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Taken:
    """One observation of each run: what it multiplies both processes by, in logs.

    ``log_weight`` is what it multiplies the likelihood ratio by of the hypothesis under which
    rates are wanted to the one under which runs are drawn.
    """

    fail: Array
    passed: Array
    log_weight: Array


class Walk(Protocol):
    """What runs observe, and what they make of it."""

    def step(
        self,
        number: int,
        going: Integers,
        room_fail: Array,
        room_pass: Array,
        generator: np.random.Generator,
    ) -> Taken:
        """Draw the observation ``number`` of the runs ``going``.

        ``room_fail`` and ``room_pass`` are the logs of boundary over wealth of each.
        """


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of each run: observations used, and masks of FAIL and PASS.

    ``weight`` is the likelihood ratio of the hypothesis in question to the one under which the
    runs were drawn, at their end; 1 where both are the same. With runs drawn under the violating
    distribution, the mean of ``failed * weight`` estimates the probability of FAIL under the
    conforming one far below what plain counting can see (Siegmund, Ann. Statist. 4, 1976).
    """

    observations: Integers
    failed: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    weight: Array

    @property
    def inconclusive(self) -> float:
        """Share of runs that reached the cap without a verdict."""
        return float(1 - (self.failed | self.passed).mean())

    def rate(self, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the weighted rate of ``mask`` and its standard error."""
        values = mask * self.weight
        return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def simulate(
    walk: Walk,
    alpha: float,
    beta: float,
    cap: int,
    runs: int,
    generator: np.random.Generator,
    batch: int = 1,
) -> Outcomes:
    """Run a design ``runs`` times.

    ``batch`` observations are in flight at a time, and all of them count as used.
    """
    log_fail, log_pass, log_weight = np.zeros(runs), np.zeros(runs), np.zeros(runs)
    used = np.zeros(runs, np.int64)
    failed, passed = np.zeros(runs, bool), np.zeros(runs, bool)
    top_fail, top_pass = -math.log(alpha), -math.log(beta)
    going = np.arange(runs)
    for number in range(cap):
        taken = walk.step(
            number, going, top_fail - log_fail[going], top_pass - log_pass[going], generator
        )
        log_fail[going] += taken.fail
        log_pass[going] += taken.passed
        log_weight[going] += taken.log_weight
        failed[going] = log_fail[going] >= top_fail - _ROUNDING
        passed[going] = ~failed[going] & (log_pass[going] >= top_pass - _ROUNDING)
        used[going] = min(cap, (number // batch + 1) * batch)
        going = going[~(failed[going] | passed[going])]
        if not len(going):
            break
    return Outcomes(used, failed, passed, np.exp(log_weight))


class Simple:
    """A simple hypothesis against a simple one, on observations from a law of finitely many values.

    ``wanted`` is the law under which rates are wanted, where it is not the one ``drawn`` from.
    """

    def __init__(
        self, conforming: Array, violating: Array, drawn: Array, wanted: Array | None = None
    ) -> None:
        self._laws = conforming, violating
        self._drawn = drawn
        with np.errstate(divide="ignore"):
            self._log_weight = (
                np.zeros(len(drawn)) if wanted is None else np.log(wanted) - np.log(drawn)
            )

    def step(
        self,
        number: int,
        going: Integers,
        room_fail: Array,
        room_pass: Array,
        generator: np.random.Generator,
    ) -> Taken:
        """Draw from the law."""
        values = drawn_from(self._drawn, len(going), generator)
        return Taken(*factors(values, *self._laws, room_fail, room_pass), self._log_weight[values])


def drawn_from(law: Array, runs: int, generator: np.random.Generator) -> Integers:
    """Draw a value for each run from one law (values,), or each from its own (runs, values)."""
    edges = np.cumsum(np.atleast_2d(law), axis=1)[:, :-1]
    values: Integers = (generator.random(runs)[:, None] >= edges).sum(axis=1)
    return values
