"""`make bench-statistics`: requests and errors of the sequential designs beside fixed-size tests.

Each row is a simple hypothesis against a simple one, simulated under either. "fixed" is the least
sample size at which some test of fixed size has the same errors (exact for coins). Ratios are to
Wald's bounds, which no test undercuts.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
from pathlib import Path

import numpy as np
from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.planning import plan
from drs_conformance.statistics.processes import Betting
from drs_conformance.statistics.simulation import simulate

RESULTS = Path(__file__).parents[2] / "docs/measurements/decision_engine.json"
ALPHA, BETA = 0.01, 0.05
NIGHTLY = 0.01 / 365 / 8  # a year's 1% over nights and eight designs
COINS = {
    "single-response advantage .05 / .10": (0.525, 0.55),
    "benign accounts .001 / .01": (0.001, 0.01),
    "campaigns .95 / .80": (0.95, 0.80),
    "latency .01 / .03": (0.01, 0.03),
}


def coin(rate: float) -> Array:
    """Return the law of a coin: no, yes."""
    return np.array([1 - rate, rate])


def temperature(values: int, shift: float) -> tuple[Array, Array]:
    """Return a Zipf law over ``values`` tokens, and it at a temperature higher by ``shift``."""
    weights = 1 / np.arange(1, values + 1)
    tilted = weights ** (1 / (1 + shift))
    return weights / weights.sum(), tilted / tilted.sum()


def tilt(divergence: float) -> tuple[Array, Array]:
    """Return two laws of which the second lies ``divergence`` nats from the first."""
    half = math.sqrt(divergence / 2)
    return np.array([0.5, 0.5]), np.array([0.5 - half, 0.5 + half])


def designs() -> dict[str, tuple[Array, Array]]:
    """Return the simple designs by name."""
    rows = {"tilt of .01 nats": tilt(0.01), "temperature +5%, 50 tokens": temperature(50, 0.05)}
    return rows | {name: (coin(p0), coin(p1)) for name, (p0, p1) in COINS.items()}


def fixed(conforming: Array, violating: Array, alpha: float, beta: float) -> int:
    """Return the least fixed sample size with these errors, for the sum of log ratios.

    Exact for coins by the binomial distribution, by the normal approximation otherwise.
    """
    if len(conforming) == 2:
        return _fixed_coin(float(conforming[1]), float(violating[1]), alpha, beta)
    ratio = np.log(violating / conforming)
    moments = [(float(p @ ratio), float(p @ ratio**2)) for p in (conforming, violating)]
    (m0, s0), (m1, s1) = ((mean, math.sqrt(square - mean**2)) for mean, square in moments)
    return math.ceil(((_z(alpha) * s0 + _z(beta) * s1) / (m1 - m0)) ** 2)


def _fixed_coin(p0: float, p1: float, alpha: float, beta: float) -> int:
    if p1 < p0:
        p0, p1 = 1 - p0, 1 - p1
    low, high = 1, 1
    while not _enough(high, p0, p1, alpha, beta):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _enough(middle, p0, p1, alpha, beta) else (middle, high)
    return high


def _enough(size: int, p0: float, p1: float, alpha: float, beta: float) -> bool:
    tail = 1 - np.cumsum(_binomial(size, p0))  # P(X > k)
    critical = int(np.argmax(tail <= alpha))
    return bool(np.cumsum(_binomial(size, p1))[critical] <= beta)


def _binomial(size: int, rate: float) -> Array:
    k = np.arange(size + 1)
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, size + 1)))))
    log_choose = factorials[size] - factorials[k] - factorials[size - k]
    result: Array = np.exp(log_choose + k * math.log(rate) + (size - k) * math.log1p(-rate))
    return result


def _z(tail: float) -> float:
    low, high = 0.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 * math.erfc(middle / 2**0.5) > tail else (low, middle)
    return low


def row(
    name: str, laws: tuple[Array, Array], runs: int, generator: np.random.Generator
) -> dict[str, float | str]:
    """Measure one design."""
    conforming, violating = laws
    planned = plan(conforming, violating, ALPHA, BETA)
    cap = 4 * planned.enough
    right = simulate(conforming, violating, conforming, ALPHA, BETA, cap, runs, generator)
    wrong = simulate(conforming, violating, violating, ALPHA, BETA, cap, runs, generator)
    batch = simulate(conforming, violating, conforming, ALPHA, BETA, cap, runs, generator, batch=32)
    night = simulate(conforming, violating, conforming, NIGHTLY, BETA, cap, runs, generator)
    rare = simulate(
        conforming, violating, violating, NIGHTLY, BETA, 20 * cap, runs, generator, weigh=conforming
    )
    return {
        "design": name,
        "fixed": fixed(conforming, violating, ALPHA, BETA),
        "wald_conforming": planned.conforming,
        "wald_violating": planned.violating,
        "ratio_conforming": float(right.observations.mean()) / planned.conforming,
        "ratio_violating": float(wrong.observations.mean()) / planned.violating,
        "ratio_batch_32": float(batch.observations.mean()) / planned.conforming,
        "false_fail": float(right.failed.mean()),
        "false_pass": float(wrong.passed.mean()),
        "nightly_fixed_over_mean": fixed(conforming, violating, NIGHTLY, BETA)
        / float(night.observations.mean()),
        "nightly_alpha": NIGHTLY,
        "nightly_false_fail": rare.rate(rare.failed)[0],
    }


def utility(runs: int, generator: np.random.Generator) -> dict[str, float | str]:
    """Measure the betting design: a drop of 3 points where 10 in 100 pairs differ."""
    effect, discordant = 0.03, 0.10
    bets = Betting.planned(effect, discordant)
    values = np.array([-1.0, 0.0, 1.0])

    def law(mean: float) -> Array:
        return np.array([(discordant - mean) / 2, 1 - discordant, (discordant + mean) / 2])

    planned = plan(law(0.0), law(-effect), ALPHA, BETA)
    used: dict[float, float] = {}
    wrongly: dict[float, float] = {}
    for mean in (0.0, -effect):
        steps = values[
            np.searchsorted(np.cumsum(law(mean))[:-1], generator.random((runs, 8 * planned.enough)))
        ]
        fail = np.cumsum(np.log1p(-bets.fail * steps), axis=1) >= -math.log(ALPHA)
        passed = np.cumsum(np.log1p(bets.success * (steps + effect)), axis=1) >= -math.log(BETA)
        first_fail, first_pass = (
            np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, hit.shape[1] + 1)
            for hit in (fail, passed)
        )
        used[mean] = float(np.minimum(first_fail, first_pass).mean())
        wrong = first_fail < first_pass if mean == 0 else first_pass < first_fail
        wrongly[mean] = float(wrong.mean())
    return {
        "design": "utility 0 / -.03, by betting",
        "fixed": fixed(law(0.0), law(-effect), ALPHA, BETA),
        "wald_conforming": planned.conforming,
        "wald_violating": planned.violating,
        "ratio_conforming": used[0.0] / planned.conforming,
        "ratio_violating": used[-effect] / planned.violating,
        "false_fail": wrongly[0.0],
        "false_pass": wrongly[-effect],
    }


def main() -> None:
    """Measure every design, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5000, help="simulations a cell")
    parser.add_argument("--keep", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    generator = np.random.default_rng(20261123)
    rows = [row(name, laws, options.runs, generator) for name, laws in designs().items()]
    rows.append(utility(options.runs, generator))
    heads = "fixed  W0    W1    x W0  x W1  batch  false FAIL  false PASS  nightly fixed/mean"
    print(f"{'design':38}{heads}")
    for each in rows:
        print(
            f"{each['design']:38}{each['fixed']:<6.0f} {each['wald_conforming']:<5.0f} "
            f"{each['wald_violating']:<5.0f} {each['ratio_conforming']:<5.2f} "
            f"{each['ratio_violating']:<5.2f} {each.get('ratio_batch_32', math.nan):<6.2f} "
            f"{each['false_fail']:<11.4f} {each['false_pass']:<11.4f} "
            f"{each.get('nightly_fixed_over_mean', math.nan):<5.1f}"
        )
    if options.keep:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        command = f"python conformance/benchmarks/decision_engine.py --runs {options.runs} --keep"
        document = {"command": command, "commit": commit, "machine": platform.machine()}
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({**document, "rows": rows}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
