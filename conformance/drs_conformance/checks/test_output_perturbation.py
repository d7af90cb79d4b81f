"""Checks of the chapter Output perturbation (PRT)."""

from __future__ import annotations

import itertools
from typing import Any

from drs_conformance.checks.bounds import declared_bound
from drs_conformance.checks.corpora import claim, own_corpus, strangers_corpora
from drs_conformance.checks.distinguishers import advantage, panel
from drs_conformance.checks.equations import STEP_TOKENS, held_better
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.numbers_kept import keeps_numbers, numbers
from drs_conformance.checks.refusals import is_declined
from drs_conformance.checks.requirement import (
    NotApplicable,
    Untestable,
    Violation,
    expect,
    requirement,
)
from drs_conformance.checks.under_measure import (
    free_texts,
    measured,
    under_perturbation,
)
from drs_conformance.checks.votes import FEW_TOKENS, REPETITIONS, vote_gain
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.traffic.declined import harmful_prompts
from drs_conformance.traffic.free_text import free_text_prompts
from drs_conformance.traffic.prompts import number_prompts, step_prompts

ANSWER_TOKENS = 48
BATCH = 32


def _registered(lab: Lab) -> dict[str, Any]:
    """Return the entries of the registry of mechanisms by name."""
    return {entry["id"]: entry for entry in lab.registry("mechanisms")["entries"]}


@requirement("PRT-01")
def test_declared_mechanisms_are_registered(lab: Lab) -> None:
    """Each declared mechanism is an active entry of the registry, with its class."""
    declaration = lab.declaration
    declared = declaration.document["perturbation"]
    if not declared:
        raise NotApplicable("the declaration names no mechanism", declaration)
    entries = _registered(lab)
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


@requirement("PRT-03")
def test_one_response_does_not_tell(lab: Lab) -> None:
    """A panel that was taught on earlier answers takes single responses for perturbed or not."""
    rounds = free_texts(lab).by(lab)
    taught = panel()
    budget = declared_bound(lab, "single-response-advantage")
    trial = lab.trial(
        *taught,
        channel="text",
        reference=f"`control`, with the advantage of {budget:g} that is declared",
    )
    # E D <= budget becomes E (budget - D) / (1 + budget) >= 0, and the excess shrinks with it.
    scale = 1 + budget
    betting = trial.design.betting(scale)
    pairs = next(rounds)
    while trial.decision is None:
        for distinguisher in taught.values():
            distinguisher.learn(
                [text for pair in pairs for text in _texts(pair.plain)],
                [text for pair in pairs for text in _texts(pair.perturbed)],
            )
        pairs = next(rounds)
        for pair in pairs:
            for name in trial.open:
                gain = advantage(taught[name], _texts(pair.plain), _texts(pair.perturbed))
                trial.processes[name].bet(betting, (budget - gain) / scale)
    lab.conclude(
        trial,
        "one response tells that it is perturbed",
        *(pair.perturbed.exchange for pair in pairs[-4:]),
    )


def _texts(answer: ChatAnswer) -> list[str]:
    return [choice.text for choice in answer.choices]


def _leaves_out_steps(lab: Lab) -> bool:
    entries = _registered(lab)
    declared = (entries.get(name, {}) for name in lab.declaration.overt_mechanisms)
    return any(entry.get("withholds") == "steps" for entry in declared)


@requirement("PRT-04")
def test_numbers_stay_what_they_are(lab: Lab) -> None:
    """The most probable answer to a question about numbers, under a measure and without one."""
    account = measured(lab)
    elides = _leaves_out_steps(lab)
    trial = lab.trial("numbers", channel="text", reference="another account (`control`)")
    changed: list[Exchange] = []
    prompts = itertools.islice(lab.examples(number_prompts(), BATCH), 2 * trial.design.observations)
    for prompt in prompts:
        request = ChatRequest((("user", prompt),), max_tokens=ANSWER_TOKENS, temperature=0.0)
        plain = lab.chat(request)
        text = plain.choices[0].text
        if not numbers(text):
            continue
        other = account.chat(request)
        differs = not keeps_numbers(text, other.choices[0].text, all_of_them=not elides)
        if differs:
            changed += [plain.exchange, other.exchange]
        trial.observe_coin(differs)
        if trial.decision is not None:
            break
    if trial.observations == 0:
        raise Untestable("no answer to a question about numbers holds one")
    lab.conclude(trial, f"numbers change while an account is {account.state}", *changed[:8])


TRIED = 12
"""Requests that would do harm and are answered, before it is taken that all of them are."""


@requirement("PRT-05")
def test_what_is_declined_stays_declined(lab: Lab) -> None:
    """Requests that `control` is refused, by an account under a measure."""
    account = measured(lab)
    trial = lab.trial("refusals", channel="text", reference="another account (`control`)")
    answered: list[Exchange] = []
    prompts = itertools.islice(
        lab.examples(harmful_prompts(), BATCH), 2 * trial.design.observations
    )
    for number, prompt in enumerate(prompts):
        request = ChatRequest((("user", prompt),), max_tokens=ANSWER_TOKENS)
        plain = lab.chat(request)
        if is_declined(plain):
            other = account.chat(request)
            if not is_declined(other):
                answered += [plain.exchange, other.exchange]
            trial.observe_coin(not is_declined(other))
        elif number == TRIED and trial.observations == 0:
            raise Untestable("the model declines nothing that it was asked for", plain)
        if trial.decision is not None:
            break
    lab.conclude(
        trial, f"what is declined is answered while an account is {account.state}", *answered[-8:]
    )


SILENT = 12
"""Pairs of answers without an equation, before it is taken that none has any."""


@requirement("PRT-06")
def test_sampled_steps_hold(lab: Lab) -> None:
    """Answers with a false equation among their steps, by an account under a measure and without.

    Sampled answers are wrong at times, so what counts is how much oftener. Those at temperature
    zero are held against each other by PRT-04.
    """
    account = measured(lab)
    trial = lab.trial("equations", channel="text", reference="another account (`control`)")
    betting = trial.design.betting()
    false: list[Exchange] = []
    silent = 0
    prompts = itertools.islice(lab.examples(step_prompts(), BATCH), 4 * trial.design.observations)
    for prompt in prompts:
        request = ChatRequest((("user", prompt),), max_tokens=STEP_TOKENS, temperature=1.0)
        plain, other = lab.chat(request), account.chat(request)
        better = held_better(plain.choices[0].text, other.choices[0].text)
        if better is None:
            silent += 1
            if silent == SILENT and trial.observations == 0:
                raise Untestable("no answer to a calculation in steps holds an equation", plain)
            continue
        if better < 0:
            false += [plain.exchange, other.exchange]
        trial.processes["equations"].bet(betting, better)
        if trial.decision is not None:
            break
    lab.conclude(trial, f"steps are false oftener while an account is {account.state}", *false[-8:])


@requirement("PRT-07")
def test_repetition_wins_nothing(lab: Lab) -> None:
    """The most frequent of nine answers at temperature zero, and each of them, by two accounts."""
    accounts = [under_perturbation(lab), under_perturbation(lab)]
    trial = lab.trial("votes", channel="text", reference="the answers of `control`")
    betting = trial.design.betting()
    won: list[Exchange] = []
    prompts = lab.examples(free_text_prompts(), BATCH)
    while trial.decision is None:
        request = ChatRequest((("user", next(prompts)),), max_tokens=FEW_TOKENS, temperature=0.0)
        plain = lab.chat(request)
        repeated = [accounts[number % 2].chat(request) for number in range(REPETITIONS)]
        (said,) = _texts(plain)
        gain = vote_gain(said, [_texts(answer)[0] for answer in repeated])
        if gain > 0:
            won += [plain.exchange, *(answer.exchange for answer in repeated)]
        trial.processes["votes"].bet(betting, -gain)
    lab.conclude(trial, "a vote over repetitions recovers the unperturbed answer", *won[-6:])


OWN = 1000
"""Responses of the corpus that has to be recognised."""


@requirement("PRT-08")
def test_own_corpora_are_recognised_and_no_others(lab: Lab) -> None:
    """A corpus of own perturbed responses, where a run is large enough, and many of strangers."""
    if not lab.declaration.covert_mechanisms:
        raise NotApplicable("the declaration names no covert mechanism", lab.declaration)
    if lab.declaration.hook("provenance") is None:
        raise Violation("the declaration names no provenance hook", lab.declaration)
    trial = lab.trial("strangers", channel="provenance hook", reference="the rate of the level")
    claimed, _ = trial.observe_coins(
        (claim(lab, f"stranger-{n}", corpus) for n, corpus in enumerate(strangers_corpora(lab))),
        lambda answer: bool(answer[0]["recognised"]),
    )
    lab.conclude(
        trial, "corpora of strangers are claimed", *(exchange for _, exchange in claimed[-8:])
    )
    if lab.profile.effect_scale > 1:
        lab.remark = f"whether {OWN} own responses are recognised takes a run in the profile full"
        return
    found, exchange = claim(lab, "own", own_corpus(lab, OWN))
    expect(
        found["recognised"],
        f"a corpus of {OWN} own perturbed responses is not recognised: its p-value is "
        f"{found['p_value']:.3g}, the threshold {found['threshold']:.3g}",
        exchange,
    )
