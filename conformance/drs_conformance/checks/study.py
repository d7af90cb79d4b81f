"""Many answers to a few requests, by accounts in good standing; one answer serves several tests.

The study sends its rounds on demand and keeps them. Which requests a round holds, and in which
order, follows from the run's seed and from what was known before the round, so every test may stop
when it likes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.on_demand import OnDemand
from drs_conformance.checks.requirement import Untestable
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest, Choice
from drs_conformance.traffic.prompts import open_prompts

__all__ = ["Asked", "Study", "good_standing", "lease_for_round", "other_accounts"]

PROMPTS = 4
CANDIDATES = 8
SAMPLES = 4
LEAST_ENTROPY = 0.3
"""Nats. Where the first token is as good as certain, no tilt can show."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer: to which of the prompts, by which account."""

    prompt: int
    account: str
    answer: ChatAnswer


class Study:
    """Rounds of the same few prompts, each to every account, in an order of their own.

    ``groups`` tells by account whose answers are looked at together. Blind accounts are not mixed
    with personas, among which a few that fare otherwise could be lost.
    """

    def __init__(self, lab: Lab) -> None:
        """Choose the prompts: of some that were tried once, those with the least certain answer."""
        self._lab = lab
        surface = lab.surface
        plain = ChatRequest(
            messages=(),
            max_tokens=1,
            temperature=1.0,
            n=surface.choices(),
            logprobs=surface.alternatives_max > 0,
            top_logprobs=surface.alternatives_max or None,
        )
        drawn = lab.draw(open_prompts(), CANDIDATES)
        tried = [replace(plain, messages=(("user", prompt),)) for prompt in dict.fromkeys(drawn)]
        # A surface that shows neither probabilities nor several choices is asked several times.
        times = 1 if surface.alternatives_max or surface.choices_max > 1 else SAMPLES
        first = [(request, [lab.chat(request) for _ in range(times)]) for request in tried]
        first.sort(key=lambda pair: -entropy(pair[1]))
        chosen = [pair for pair in first[:PROMPTS] if entropy(pair[1]) >= LEAST_ENTROPY]
        if not chosen:
            raise Untestable("no prompt was found whose first token is uncertain")
        self.requests = [request for request, _ in chosen]
        self.first = [answers for _, answers in chosen]
        self.others = other_accounts(lab)
        blind = lab.target.blind
        self.groups = dict.fromkeys(("control", "fresh"), ", personas" if blind else "")
        self.groups |= dict.fromkeys(blind, ", blind accounts")
        self.rounds = OnDemand(lab, self._send)

    def _send(self, number: int) -> tuple[Asked, ...]:
        pairs = [
            (prompt, account)
            for prompt in range(len(self.requests))
            for account in ("control", *self.others)
        ]
        random.Random(self._lab.key(f"round {number}")).shuffle(pairs)
        fresh = lease_for_round(self._lab, number)
        try:
            return tuple(
                Asked(
                    prompt,
                    account,
                    self._lab.chat(self.requests[prompt], fresh if account == "fresh" else account),
                )
                for prompt, account in pairs
            )
        finally:
            self._lab.close()


def other_accounts(lab: Lab) -> tuple[str, ...]:
    """Return the accounts that are compared with `control`; `fresh` is another in each round."""
    return (*lab.target.blind, "fresh")


def lease_for_round(lab: Lab, number: int) -> str:
    """Lease the persona `fresh` of a round; in every other one it is under observation.

    Observation changes nothing for an account, so nothing may differ.
    """
    fresh = lab.fresh()
    if number % 2 and lab.declaration.test_root and "observed" in lab.declaration.states:
        fresh.raise_to("observed")
    return fresh.name


def good_standing(lab: Lab) -> Study:
    """Return the study of this run."""
    return lab.episode("good-standing", Study)


def first_value(choice: Choice) -> str:
    """Return the first token of a choice, or where tokens are not shown, its text."""
    return choice.tokens[0].token if choice.tokens else choice.text


def entropy(answers: Sequence[ChatAnswer]) -> float:
    """Return the entropy of the first token in nats, of what answers to one request tell of it."""
    choices = [choice for answer in answers for choice in answer.choices]
    shown = next((choice.tokens[0] for choice in choices if choice.tokens), None)
    if shown is not None and shown.alternatives:
        return -sum(math.exp(value) * value for _, value in shown.alternatives)
    values = [first_value(choice) for choice in choices]
    # One sample says nothing of how uncertain it was.
    if len(values) < 2:
        return LEAST_ENTROPY
    shares = [values.count(value) / len(values) for value in set(values)]
    return -sum(share * math.log(share) for share in shares)
