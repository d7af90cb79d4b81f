"""Many runs of a simple design at once, for planning and for the audit of its errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.dual import factors

__all__ = ["Outcomes", "simulate"]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of each run: observations used, and masks of FAIL and PASS.

    ``weight`` is the likelihood ratio of the hypothesis in question to the one under which the
    runs were drawn, at their end; 1 where both are the same. With runs drawn under the violating
    distribution, the mean of ``failed * weight`` estimates the probability of FAIL under the
    conforming one far below what plain counting can see (Siegmund, Ann. Statist. 4, 1976).
    """

    observations: NDArray[np.int64]
    failed: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    weight: Array

    @property
    def inconclusive(self) -> float:
        """Share of runs that reached the cap without a verdict."""
        return float(1 - (self.failed | self.passed).mean())

    def rate(self, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the weighted rate of ``mask`` and the upper end of its 95% interval."""
        values = mask * self.weight
        error = values.std(ddof=1) / math.sqrt(len(values))
        return float(values.mean()), float(values.mean() + 1.96 * error)


def simulate(
    conforming: Array,
    violating: Array,
    drawn: Array,
    alpha: float,
    beta: float,
    cap: int,
    runs: int,
    generator: np.random.Generator,
    batch: int = 1,
    weigh: Array | None = None,
) -> Outcomes:
    """Run a design ``runs`` times on observations from ``drawn``.

    The three distributions are probabilities of the same values. ``batch`` observations are in
    flight at a time, and all of them count as used. ``weigh`` is the distribution under which
    rates are wanted, where it is not ``drawn``.
    """
    log_fail, log_pass, log_weight = np.zeros(runs), np.zeros(runs), np.zeros(runs)
    used = np.zeros(runs, np.int64)
    failed, passed = np.zeros(runs, bool), np.zeros(runs, bool)
    log_target = np.zeros(len(drawn)) if weigh is None else np.log(weigh) - np.log(drawn)
    edges = np.cumsum(drawn)[:-1]
    top_fail, top_pass = -math.log(alpha), -math.log(beta)
    going = np.arange(runs)
    for step in range(cap):
        values = np.searchsorted(edges, generator.random(len(going)), side="right")
        fail, won = factors(
            conforming, violating, top_fail - log_fail[going], top_pass - log_pass[going]
        )
        row = np.arange(len(going))
        log_fail[going] += fail[row, values]
        log_pass[going] += won[row, values]
        log_weight[going] += log_target[values]
        failed[going] = log_fail[going] >= top_fail - 1e-9
        passed[going] = ~failed[going] & (log_pass[going] >= top_pass - 1e-9)
        used[going] = min(cap, (step // batch + 1) * batch)
        going = going[~(failed[going] | passed[going])]
        if not len(going):
            break
    return Outcomes(used, failed, passed, np.exp(log_weight))
