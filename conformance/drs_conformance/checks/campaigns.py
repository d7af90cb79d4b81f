"""Small live campaigns on fresh personas, honest traffic beside them, and honest traffic alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.on_demand import OnDemand
from drs_conformance.checks.requirement import Untestable
from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.scheduling.leases import Fresh, Step
from drs_conformance.traffic.prompts import prompts
from drs_conformance.traffic.windows import divided_work

__all__ = ["Campaign", "Look", "campaigns", "honest_spells", "require_egress_groups"]

ACCOUNTS = 8
REQUESTS = 40
"""Of each account, at most."""
LOOK_EVERY = 2
"""Rounds between looks at the true state of one account."""
BESIDE = 0.2
"""Requests of `control` in a round, on average."""
SPELL = 8
"""Requests of an account that is honest and alone."""
BATCH = 32


@dataclass(frozen=True, slots=True)
class Look:
    """The true state of an account, and whether it is under a measure; observation is none."""

    state: Step
    measured: bool


@dataclass(frozen=True, slots=True)
class Campaign:
    """The last look at the crew, at its first measure or its end, and one at `control` after it."""

    crew: Look
    control: Look


def campaigns(lab: Lab) -> OnDemand[Campaign]:
    """Return the campaigns of this run, each on personas that were reset before."""

    def play(own: Lab) -> OnDemand[Campaign]:
        honest = own.examples(prompts(), BATCH)
        return OnDemand(own, lambda number: _campaign(own, number, honest))

    return lab.episode("campaigns", play)


def require_egress_groups(lab: Lab) -> None:
    """Raise :class:`Untestable` when `control` can be linked to the campaigns by its address."""
    if not lab.target.is_control_apart:
        raise Untestable(
            "control and the probed personas speak from one address, so that a measure against "
            "these may rightly reach control",
            cause="the target file names no `source_address` that tells them apart",
        )


def honest_spells(lab: Lab) -> Iterator[Look]:
    """Yield looks at one fresh persona after the other, each after some everyday requests."""
    honest = lab.examples(prompts(), BATCH)
    while True:
        fresh = lab.fresh()
        for _ in range(SPELL):
            _ask(lab, fresh.name, next(honest))
        yield _look(lab, fresh)
        lab.close()


def _campaign(lab: Lab, number: int, honest: Iterator[str]) -> Campaign:
    rng = Random(lab.key(f"campaign {number}"))
    control, crew = lab.control, lab.several_fresh(ACCOUNTS)
    try:
        _ask(lab, control.name, next(honest))
        last = _until_noticed(lab, rng, crew, honest)
        _ask(lab, control.name, next(honest))
        beside = _look(lab, control)
        if beside.measured:
            control.reset()
        return Campaign(last, beside)
    finally:
        lab.close()


def _until_noticed(lab: Lab, rng: Random, crew: list[Fresh], honest: Iterator[str]) -> Look:
    """Send rounds in which each account does a piece of the work; return the last look at one."""
    work = divided_work(rng)
    for sent in range(1, REQUESTS + 1):
        rng.shuffle(crew)
        looked_at: list[Fresh] = [] if sent % LOOK_EVERY else crew[:1]
        for fresh in crew:
            answer = _ask(lab, fresh.name, next(work))
            if answer.status != 200:
                seen = _look(lab, fresh)
                if not seen.measured:
                    raise Untestable(
                        f"an account under no measure was answered {answer.status}",
                        answer,
                        seen.state,
                    )
                return seen
        if rng.random() < BESIDE:
            _ask(lab, "control", next(honest))
        for fresh in crew if sent == REQUESTS else looked_at:
            seen = _look(lab, fresh)
            if seen.measured:
                return seen
    return seen


def _ask(lab: Lab, persona: str, prompt: str) -> Exchange:
    return lab.ask(ChatRequest(messages=(("user", prompt),), max_tokens=1), persona)


def _look(lab: Lab, account: Fresh) -> Look:
    state = account.truth()
    return Look(state, lab.ladder.shown_as[state.standing] != lab.ladder.initial)
