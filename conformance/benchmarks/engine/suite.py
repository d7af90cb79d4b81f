"""The suite as the fences state it: a year of nightly runs, and each design in them."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from drs_conformance.profiles import PROFILES, RUN_ALPHA, UNDECIDED
from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.bounds import kl_bernoulli
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.simulation import Outcomes, simulate
from numpy.typing import NDArray

from engine.processes import Generator, Process, Truth, processes_of

__all__ = ["GOALS", "NIGHTS", "OF_THE_WHOLE", "Measured", "measure", "measured_designs", "suite"]

NIGHTS = 365
PROFILE = PROFILES["full"]
HARD_CAP = 16000
GOALS = {
    "yearly_false_fail": (0.01, "most"),
    "all_pass": (0.97, "least"),
    "inconclusive": (0.02, "most"),
    "over_hard_cap": (0.001, "most"),
    "requests_mean": (6500, "most"),
}
OF_THE_WHOLE = {"over_hard_cap", "requests_mean"}
FREE = {"STD-07"}
"""Requirements that are tested on what is sent for others."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A design, simulated under a target that just conforms: one entry for each night.

    ``row`` holds what is printed of it.
    """

    identifier: str
    study: str
    requests: Array
    failed: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    fixed: int
    row: dict[str, Any]


def measured_designs(runs: int, seed: int) -> Iterator[Measured]:
    """Simulate every design of the standard, at the level that asks for most.

    Where the check is still to be built the cap is taken to be what the design needs.
    """
    items = [item for item in load_catalogue().requirements if item.design is not None]
    for item in items:
        design = PROFILE.adapted(Design(item.design or {}))
        if item.excluded is not None:
            share = len(items) * design.alternatives
            planned = design.plan(RUN_ALPHA / share, UNDECIDED / share)
            design = Design({**design.members, "cap": max(design.cap, planned.enough)})
        done = measure(item.id, design, len(items), runs, seed)
        done.row["pending"] = item.excluded is not None
        yield done


def measure(identifier: str, design: Design, sharing: int, runs: int, seed: int) -> Measured:
    """Simulate one design at nightly alpha, which ``sharing`` designs share.

    Designs of one study whose processes are the same see the same answers.
    """
    processes = processes_of(identifier, design)
    seen = f"{design.study or identifier} {[process.name for process in processes]}"
    generator = np.random.default_rng([seed, zlib.crc32(seen.encode())])
    alpha = RUN_ALPHA / sharing / len(processes)

    def play(truth: Truth, weigh: bool = False) -> list[Outcomes]:
        return [
            simulate(
                process.walk(truth, runs, generator, weigh),
                alpha,
                design.beta,
                design.observations,
                runs,
                generator,
            )
            for process in processes
        ]

    conforming = play("conforming")
    rare = [outcome.rate(outcome.failed) for outcome in play("violating", weigh=True)]
    wrong = play("violating")
    failed = np.any([outcome.failed for outcome in conforming], axis=0)
    passed = np.all([outcome.passed for outcome in conforming], axis=0)
    costs = 0 if identifier in FREE else 1
    requests = costs * _requests(design, conforming)
    fixed = costs * _fixed(design, processes, alpha, generator)
    planned = design.plan(alpha)
    false_pass = max(float(outcome.passed.mean()) for outcome in wrong)
    return Measured(
        identifier,
        design.study or identifier,
        requests,
        failed,
        passed,
        fixed,
        {
            "id": identifier,
            "alpha": RUN_ALPHA / sharing,
            "false_fail": sum(rate for rate, _ in rare),
            "false_fail_error": float(np.sqrt(sum(error**2 for _, error in rare))),
            # By alternative: the one that is true has to be passed for a wrong PASS.
            "beta": design.beta,
            "false_pass": false_pass,
            "false_pass_error": float(np.sqrt(false_pass * (1 - false_pass) / runs)),
            "found": min(float(outcome.failed.mean()) for outcome in wrong),
            "inconclusive": float((~failed & ~passed).mean()),
            "least": _least(design, processes, alpha, planned.conforming),
            "planned": planned.expected,
            "requests": float(requests.mean()),
            "cap": design.cap,
            "fixed": fixed,
        },
    )


def _least(design: Design, processes: Sequence[Process], alpha: float, known: float) -> float:
    """Return a mean of requests that no test undercuts; ``known`` is that where laws are known."""
    nats = kl_bernoulli(alpha, 1 - design.beta)
    grown = [nats / p.growth * design.requests for p in processes if p.growth is not None]
    return max([known, *grown])


def _requests(design: Design, outcomes: Sequence[Outcomes]) -> Array:
    """Return the requests of each run. Alternatives look at the same answers, or at own ones."""
    observations = np.array([outcome.observations for outcome in outcomes], float)
    if _has_own_answers(design):
        return observations.sum(axis=0) * design.requests / design.alternatives
    result: Array = observations.max(axis=0) * design.requests
    return result


def _has_own_answers(design: Design) -> bool:
    """Whether an observation takes a request for each alternative, until that one is decided."""
    return design.alternatives > 1 and design.requests == design.alternatives


def _fixed(design: Design, processes: Sequence[Process], alpha: float, generator: Generator) -> int:
    apart = processes[:1] if _has_own_answers(design) else processes
    sizes = [process.fixed(alpha, design.beta, generator) for process in apart]
    return max(sizes) * design.requests


def suite(measured: Sequence[Measured], others: int) -> dict[str, Any]:
    """Put nights together; ``others`` is the number of requests that no design accounts for.

    The nights of different designs are independent. What designs of one study send is the most
    that any of them needs.
    """
    by_study: dict[str, list[Measured]] = defaultdict(list)
    for design in measured:
        by_study[design.study].append(design)
    requests = sum(np.max([d.requests for d in study], axis=0) for study in by_study.values())
    fixed = sum(max(d.fixed for d in study) for study in by_study.values())
    total = requests + others
    failed = np.any([d.failed for d in measured], axis=0)
    undecided = ~failed & ~np.all([d.passed for d in measured], axis=0)
    false_fail = sum(d.row["false_fail"] for d in measured)
    error = float(np.sqrt(sum(d.row["false_fail_error"] ** 2 for d in measured)))
    return {
        "designs": len(measured),
        "nights": len(failed),
        "nights_with_false_fail": int(failed.sum()),
        "yearly_false_fail": float(1 - (1 - false_fail) ** NIGHTS),
        "yearly_false_fail_error": NIGHTS * error,
        "all_pass": float((~failed & ~undecided).mean()),
        "inconclusive": float(undecided.mean()),
        "other_requests": others,
        "requests_mean": float(total.mean()),
        "requests_most": float(total.max()),
        "over_hard_cap": float((total > HARD_CAP).mean()),
        "statistical_requests_mean": float(requests.mean()),
        "fixed": fixed,
        "saving": fixed / float(requests.mean()),
    }
