"""Checks of the chapter Good standing (STD)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from drs_conformance.checks.auditor_hooks import AUDITOR, expect_auditors_only
from drs_conformance.checks.benign_study import Marked, benign_study
from drs_conformance.checks.bounds import declared_bound
from drs_conformance.checks.first_tokens import (
    DIRECTIONS,
    OTHER,
    VALUES,
    Context,
    Places,
    Returned,
)
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.likelihoods import likelihood_request, likelihoods
from drs_conformance.checks.requirement import (
    NotApplicable,
    Untestable,
    Violation,
    expect,
    requirement,
)
from drs_conformance.checks.scores import Scored, benign_windows, windows
from drs_conformance.checks.study import Asked, Study, first_value, good_standing
from drs_conformance.checks.test_exposure import require_logprobs
from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.statistics.tilts import PairedTilt
from drs_conformance.statistics.trial import Trial
from drs_conformance.traffic.benign_suite import FORMS, NUMBERS_AND_CODE
from drs_conformance.traffic.odd_text import texts
from drs_conformance.traffic.prompts import prompts
from drs_conformance.traffic.windows import HARD_CASES

ROUNDED = 1e-6
"""Probabilities of the likelihood hook are known so exactly."""


@requirement("STD-11")
def test_auditors_can_ask_for_likelihoods_and_nobody_else(lab: Lab) -> None:
    """Questions about likely and unlikely answers by the auditor; the same by accounts."""
    declaration = lab.declaration
    path = declaration.hook("likelihood")
    if path is None:
        raise Violation("the declaration names no likelihood hook", declaration)
    unlikely = st.lists(texts("abc \n\u00e9\u4e2d", 0, 9), min_size=1, max_size=9)
    asked = lab.draw(st.tuples(prompts(), unlikely), lab.profile.parameter_variations)
    for prompt, others in asked:
        request = ChatRequest((("user", prompt),), max_tokens=1, temperature=1.0)
        seen = lab.chat(request).choices[0].text
        answers = list(dict.fromkeys([seen, *others]))
        question = likelihood_request(lab, request, answers)
        exchange = lab.post(path, question, AUDITOR)
        expect(
            exchange.status == 200,
            f"a valid question was answered {exchange.status}, expected 200",
            exchange,
        )
        values = lab.expect_document(exchange, "likelihood-response")["log_probabilities"]
        expect(
            len(values) == len(answers),
            f"{len(values)} probabilities came for {len(answers)} answers",
            exchange,
        )
        total = sum(math.exp(value) for value in values if value is not None)
        expect(
            total <= 1 + ROUNDED,
            f"the probabilities of different answers add up to {total:.6f}",
            exchange,
        )
    expect_auditors_only(lab, path, question)
    lab.tried(asked)


@requirement("STD-01")
def test_answers_are_those_of_the_declared_model(lab: Lab) -> None:
    """First tokens at temperature one against what the likelihood hook says of them."""
    study = good_standing(lab)
    trial = lab.trial(
        *_alternatives(study), channel="text", reference="the target's likelihood hook"
    )
    rounds = study.rounds.by(lab)
    # What is told apart is taken from answers that are not tested.
    laws = [
        _declared(lab, request, texts)
        for request, texts in zip(study.requests, _texts(study, next(rounds)), strict=True)
    ]
    effect = trial.design.members["effect"]
    contexts = {group: [Context(effect, group) for _ in laws] for group in study.groups.values()}
    for asked in rounds:
        for item in asked:
            places, law = laws[item.prompt]
            context = contexts[study.groups[item.account]][item.prompt]
            for choice in item.answer.choices:
                value = places.get(choice.text, len(places))
                context.observe(trial, law, value, ROUNDED)
        if trial.decision is not None:
            break
    lab.conclude(
        trial,
        "answers of accounts in good standing are not those of the declared model",
        *(item.answer.exchange for item in asked),
    )


def _alternatives(study: Study) -> list[str]:
    groups = dict.fromkeys(study.groups.values())
    return [name + group for group in groups for name in DIRECTIONS]


def _texts(study: Study, asked: Iterable[Asked]) -> list[set[str]]:
    """Return the texts of one token that came so far, by prompt."""
    found = [{c.text for answer in answers for c in answer.choices} for answers in study.first]
    for item in asked:
        found[item.prompt].update(c.text for c in item.answer.choices)
    return found


def _declared(
    lab: Lab, request: ChatRequest, texts: Iterable[str]
) -> tuple[Mapping[str, int], NDArray[np.float64]]:
    """Return the places of the most probable texts, and the declared law of them and the rest."""
    answers = sorted(texts)
    values, exchange = likelihoods(lab, request, answers)
    best = sorted(zip(values, answers, strict=True), reverse=True)[:OTHER]
    law = np.array([value for value, _ in best])
    if not law[0] > 0:
        raise Untestable("the likelihood hook calls every answer that came impossible", exchange)
    law = np.append(law, max(1 - float(law.sum()), 1e-6))
    return {text: place for place, (_, text) in enumerate(best)}, law / law.sum()


@requirement("STD-02")
def test_accounts_get_the_same_answers(lab: Lab) -> None:
    """The order of two answers to one request tells nothing about who asked."""
    study = good_standing(lab)
    trial = lab.trial(*study.others, channel="text", reference="another account (`control`)")
    tilt = math.sqrt(2 * trial.design.members["effect"])
    places = [Places() for _ in study.requests]
    keys = {account: [PairedTilt(VALUES, tilt) for _ in study.requests] for account in study.others}
    for asked in study.rounds.by(lab):
        answers = {(item.prompt, item.account): item for item in asked}
        for account in trial.open:
            for prompt, (place, key) in enumerate(zip(places, keys[account], strict=True)):
                pairs = _pairs(answers[prompt, account], answers[prompt, "control"], place)
                for suspected, other in pairs:
                    _compare(trial, account, key, suspected, other)
        if trial.decision is not None:
            break
    lab.conclude(
        trial,
        "accounts in good standing get answers from different distributions",
        *(item.answer.exchange for item in asked),
    )


def _pairs(one: Asked, other: Asked, places: Places) -> list[tuple[int, int]]:
    choices = zip(one.answer.choices, other.answer.choices, strict=False)
    return [(places.of(first_value(a)), places.of(first_value(b))) for a, b in choices]


def _compare(trial: Trial, account: str, key: PairedTilt, suspected: int, other: int) -> None:
    dual = trial.processes[account]
    if dual.decision is not None:
        return
    if suspected == other:
        dual.multiply(0.0, 0.0)
        return
    predicted = key.predicted(suspected, other)
    dual.observe(0, np.array([0.5, 0.5]), np.array([predicted, 1 - predicted]))
    key.learn(suspected, other)


DECLARED = "declared"


@requirement("STD-04")
def test_answers_are_right_as_often_as_declared(lab: Lab) -> None:
    """The benign suite: wrong answers beside the declared share, and between accounts."""
    _compare_marks(lab, lambda marked: True, "the benign suite is answered wrongly too often")


@requirement("STD-06")
def test_code_and_numbers_are_right_as_often_as_declared(lab: Lab) -> None:
    """The same for its questions about numbers and programs."""
    _compare_marks(
        lab,
        lambda marked: marked.question.kind in NUMBERS_AND_CODE,
        "code or numbers are wrong too often",
    )


def _compare_marks(lab: Lab, counts: Callable[[Marked], bool], violation: str) -> None:
    study = benign_study(lab)
    trial = lab.trial(
        *(DECLARED, *study.others),
        channel="text",
        reference="the declared share of wrong answers, and `control`",
    )
    effect = float(trial.design.members["effect"])
    share = declared_bound(lab, "benign-error-rate")
    right, wronged = (np.array([1 - rate, rate]) for rate in (share, share + effect))
    betting = trial.design.betting()
    wrong: list[Exchange] = []
    for block in study.blocks.by(lab):
        marks = {(m.number, m.account): m for m in block if counts(m)}
        for (number, account), marked in marks.items():
            if not marked.is_right:
                wrong.append(marked.exchange)
            if DECLARED in trial.open:
                trial.processes[DECLARED].observe(int(not marked.is_right), right, wronged)
            if account in trial.open:
                gain = marked.is_right - marks[number, "control"].is_right
                trial.processes[account].bet(betting, gain)
        if trial.decision is not None:
            break
    lab.conclude(trial, violation, *wrong[-8:])


@requirement("STD-05")
def test_answers_have_the_form_that_was_asked_for(lab: Lab) -> None:
    """JSON under a schema and tool calls, where the surface declares them."""
    if not any(lab.surface.offers(form) for form in FORMS):
        raise NotApplicable("the surface declares neither structured output nor tools")
    trial = lab.trial("form", channel="text", reference="the schema of the request")
    malformed: list[Exchange] = []
    for block in benign_study(lab).blocks.by(lab):
        for marked in block:
            if marked.question.kind not in FORMS or trial.decision is not None:
                continue
            if not marked.is_formed:
                malformed.append(marked.exchange)
            trial.observe_coin(not marked.is_formed)
        if trial.decision is not None:
            break
    lab.conclude(trial, "answers have not the form that was asked for", *malformed[-8:])


@requirement("STD-07")
def test_answers_come_in_time_and_for_all_alike(lab: Lab) -> None:
    """Answers of one token: how long they take, and longer for one account than for another."""
    study = good_standing(lab)
    trial = lab.trial(
        *(DECLARED, *study.others),
        channel="time until an answer of one token is complete",
        reference="the declared time, and `control` for the same prompt",
    )
    limit_s = declared_bound(lab, "first-token") / 1000
    overhead_s = declared_bound(lab, "latency-overhead") / 1000
    # Loads and networks make both wait; which of a pair waits longer is a coin for all that.
    betting = trial.design.betting()
    late: list[Exchange] = []
    for asked in study.rounds.by(lab):
        taken = {(item.prompt, item.account): item.answer.exchange for item in asked}
        for (prompt, account), exchange in taken.items():
            if DECLARED in trial.open:
                trial.observe_coin(exchange.elapsed_s > limit_s, DECLARED)
                late += [exchange] * (exchange.elapsed_s > limit_s)
            if account in trial.open:
                other = taken[prompt, "control"]
                behind = exchange.elapsed_s > other.elapsed_s + overhead_s
                ahead = other.elapsed_s > exchange.elapsed_s + overhead_s
                trial.processes[account].bet(betting, ahead - behind)
                late += [other, exchange] * behind
        if trial.decision is not None:
            break
    lab.conclude(trial, "answers to accounts in good standing are delayed", *late[-8:])


@requirement("STD-08")
def test_ordinary_weeks_are_not_flagged(lab: Lab) -> None:
    """Weeks of people with nothing in common, submitted to the detector."""
    trial = lab.trial(
        "ordinary weeks",
        channel="score hook",
        reference="the declared rate of false alarms",
        conforming=declared_bound(lab, "false-positives"),
    )
    alarms, _ = trial.observe_coins(
        benign_windows(lab).by(lab), lambda scored: bool(scored.flagged)
    )
    lab.conclude(
        trial,
        "benign windows are flagged more often than declared",
        *(scored.exchange for scored in alarms[:8]),
    )


@requirement("STD-09")
def test_hard_cases_are_not_flagged(lab: Lab) -> None:
    """Weeks of each kind of honest traffic that is like harvesting in one respect."""
    trial = lab.trial(
        *HARD_CASES,
        channel="score hook",
        reference="three times the declared rate of false alarms",
        conforming=3 * declared_bound(lab, "false-positives"),
    )
    streams = {kind: windows(lab, kind, make).by(lab) for kind, make in HARD_CASES.items()}
    alarms: list[Scored] = []
    while trial.open:
        for kind in trial.open:
            scored = next(streams[kind])
            if scored.flagged:
                alarms.append(scored)
            trial.observe_coin(bool(scored.flagged), kind)
    lab.conclude(
        trial,
        "honest traffic that looks like harvesting in one respect is flagged",
        *(scored.exchange for scored in alarms[:8]),
    )


@requirement("STD-03")
def test_tokens_follow_the_log_probabilities_returned_with_them(lab: Lab) -> None:
    """First tokens at temperature one against the log-probabilities that came with them."""
    surface = lab.surface
    require_logprobs(lab)
    study = good_standing(lab)
    trial = lab.trial(
        *_alternatives(study),
        channel="returned log-probabilities",
        reference="the answer itself",
    )
    effect = trial.design.members["effect"]
    step = 0.5 * 10.0**-surface.decimals
    returned = {
        group: [Returned(effect, step, group) for _ in study.requests]
        for group in study.groups.values()
    }
    for asked in study.rounds.by(lab):
        for item in asked:
            for choice in item.answer.choices:
                if not choice.tokens:
                    continue
                if not choice.tokens[0].alternatives:
                    raise Untestable("an answer reports no alternatives", item.answer.exchange)
                returned[study.groups[item.account]][item.prompt].observe(trial, choice.tokens[0])
        if trial.decision is not None:
            break
        if trial.observations == 0:
            raise Untestable("no answer reports a token", *(i.answer.exchange for i in asked))
    lab.conclude(
        trial,
        "tokens are not distributed as the log-probabilities returned with them say",
        *(item.answer.exchange for item in asked),
    )
