"""Checks of the chapter Output perturbation (PRT)."""

from __future__ import annotations

import itertools
import re
from collections import Counter

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.quota import retry_after
from drs_conformance.checks.requirement import NotApplicable, Untestable, expect, requirement
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.scheduling.leases import Fresh
from drs_conformance.traffic.prompts import number_prompts

_NUMBER = re.compile(r"\d+")
ANSWER_TOKENS = 48
BATCH = 32
WAITS_MAX = 5
UNSAID_S = 3600
# In this order: the state in which answers are perturbed, else one that is still answered.
STATES = ("perturbed", "throttled", "observed")


@requirement("PRT-01")
def test_declared_mechanisms_are_registered(lab: Lab) -> None:
    """Each declared mechanism is an active entry of the registry, with its class."""
    declaration = lab.declaration
    declared = declaration.document["perturbation"]
    if not declared:
        raise NotApplicable("the declaration names no mechanism", declaration)
    entries = {entry["id"]: entry for entry in lab.registry("mechanisms")["entries"]}
    for item in declared:
        entry = entries.get(item["mechanism"])
        expect(
            entry is not None and entry["status"] == "active",
            f"the mechanism {item['mechanism']} is not an active entry of the registry",
            declaration,
        )
        expect(
            entry is not None and entry["class"] == item["class"],
            f"{item['mechanism']} is declared {item['class']}, the registry says otherwise",
            declaration,
        )


@requirement("PRT-04")
def test_numbers_stay_what_they_are(lab: Lab) -> None:
    """The most probable answer to a question about numbers, under a measure and without one."""
    states = lab.declaration.states
    state = next((name for name in STATES if name in states), None)
    if state is None:
        raise Untestable("the declaration names no state under a measure that is still answered")
    trial = lab.trial("numbers", channel="text", reference="another account (`control`)")
    fresh = lab.fresh()
    fresh.raise_to(state)
    changed: list[Exchange] = []
    prompts = itertools.islice(lab.examples(number_prompts(), BATCH), 2 * trial.design.observations)
    for prompt in prompts:
        request = ChatRequest((("user", prompt),), max_tokens=ANSWER_TOKENS, temperature=0.0)
        plain = lab.chat(request)
        if not numbers(plain):
            continue
        measured = _under_a_measure(lab, request, fresh)
        differs = numbers(plain) != numbers(measured)
        if differs:
            changed += [plain.exchange, measured.exchange]
        trial.observe_coin(differs)
        if trial.decision is not None:
            break
    if trial.observations == 0:
        raise Untestable("no answer to a question about numbers holds one")
    lab.conclude(trial, f"numbers change while an account is {state}", *changed[:8])


def _under_a_measure(lab: Lab, request: ChatRequest, fresh: Fresh) -> ChatAnswer:
    """Ask as a persona whose small quota is renewed by its clock."""
    for _ in range(WAITS_MAX):
        exchange = lab.ask(request, fresh.name)
        wait = retry_after(exchange, UNSAID_S)
        if wait is None:
            return lab.read(exchange, request)
        fresh.advance(wait + 1)
    raise Untestable("the persona is refused although its quota was renewed", exchange)


def numbers(answer: ChatAnswer) -> Counter[str]:
    """Return the numbers in an answer, and how often each stands there."""
    return Counter(_NUMBER.findall(answer.choices[0].text))
