"""An account under a measure, and what it is answered beside `control`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.on_demand import OnDemand
from drs_conformance.checks.quota import retry_after
from drs_conformance.checks.requirement import NotApplicable, Untestable
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest
from drs_conformance.scheduling.leases import Fresh
from drs_conformance.traffic.free_text import free_text_prompts

__all__ = [
    "CHOICES",
    "TOKENS",
    "Measured",
    "Pair",
    "free_text_request",
    "free_texts",
    "measured",
    "under_perturbation",
]

# In this order: the state in which answers are perturbed, else one that is still answered.
STATES = ("perturbed", "throttled", "observed")
WAITS_MAX = 5
UNSAID_S = 3600

ROUND = 16
CHOICES = 4
TOKENS = 32


@dataclass(frozen=True, slots=True)
class Measured:
    """A leased persona in a state under a measure."""

    lab: Lab
    fresh: Fresh
    state: str

    def chat(self, request: ChatRequest) -> ChatAnswer:
        """Ask, and let its clock renew the small quota when that is used up."""
        for _ in range(WAITS_MAX):
            exchange = self.lab.ask(request, self.fresh.name)
            wait = retry_after(exchange, UNSAID_S)
            if wait is None:
                return self.lab.read(exchange, request)
            self.fresh.advance(wait + 1)
        raise Untestable("the persona is refused although its quota was renewed", exchange)

    def expect_to_be_there_still(self) -> None:
        """Expect that so much time on its clock has not brought the account elsewhere."""
        state = self.fresh.truth()
        if state.standing != self.state:
            raise Untestable(f"the persona left the state {self.state} by itself", state)


def measured(lab: Lab) -> Measured:
    """Lease a persona and bring it into the first of the states that the provider declares."""
    states = lab.declaration.states
    state = next((name for name in STATES if name in states), None)
    if state is None:
        raise Untestable("the declaration names no state under a measure that is still answered")
    return _raised(lab, state)


def under_perturbation(lab: Lab) -> Measured:
    """Lease a persona under a covert mechanism; not applicable where none is declared."""
    if not lab.declaration.covert_mechanisms:
        raise NotApplicable("the declaration names no covert mechanism", lab.declaration)
    if STATES[0] not in lab.declaration.states:
        raise Untestable("the declared ladder has no state in which answers are perturbed")
    return _raised(lab, STATES[0])


def _raised(lab: Lab, state: str) -> Measured:
    fresh = lab.fresh()
    fresh.raise_to(state)
    return Measured(lab, fresh, state)


def free_text_request(lab: Lab, prompt: str) -> ChatRequest:
    """Return a request for several answers at temperature one."""
    return ChatRequest(
        (("user", prompt),),
        max_tokens=TOKENS,
        temperature=1.0,
        n=lab.surface.choices(CHOICES),
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """Answers to one request at temperature one: those of `control`, and perturbed ones."""

    request: ChatRequest
    plain: ChatAnswer
    perturbed: ChatAnswer


class _FreeTexts:
    """Rounds of different requests, each put to `control` and to a persona that is perturbed."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._prompts = lab.examples(free_text_prompts(), ROUND)
        self.rounds = OnDemand(lab, self._send)

    def _send(self, number: int) -> Sequence[Pair]:
        requests = [free_text_request(self._lab, next(self._prompts)) for _ in range(ROUND)]
        order = [(at, is_plain) for at in range(ROUND) for is_plain in (True, False)]
        random.Random(self._lab.key(f"round {number}")).shuffle(order)
        account = under_perturbation(self._lab)
        try:
            answers = {
                (at, is_plain): (self._lab if is_plain else account).chat(requests[at])
                for at, is_plain in order
            }
            account.expect_to_be_there_still()
        finally:
            self._lab.close()
        return [
            Pair(request, answers[at, True], answers[at, False])
            for at, request in enumerate(requests)
        ]


def free_texts(lab: Lab) -> OnDemand[Sequence[Pair]]:
    """Return the rounds of this run."""
    return lab.episode("free-texts", _FreeTexts).rounds
