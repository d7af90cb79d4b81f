"""Checks of the chapter Good standing (STD)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from drs_conformance.checks.auditor_hooks import AUDITOR, expect_auditors_only
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.likelihoods import likelihood_request, likelihoods
from drs_conformance.checks.requirement import (
    NotApplicable,
    Untestable,
    Violation,
    expect,
    requirement,
)
from drs_conformance.checks.scores import Scored, benign_windows, declared_rate, windows
from drs_conformance.checks.study import Asked, Study, first_value, good_standing
from drs_conformance.dialects.neutral import ChatRequest, TokenLogprob
from drs_conformance.statistics.tilts import PairedTilt, Tilt, strength
from drs_conformance.statistics.trial import Trial
from drs_conformance.traffic.odd_text import texts
from drs_conformance.traffic.prompts import prompts
from drs_conformance.traffic.windows import HARD_CASES

VALUES = 6
"""First tokens that are told apart in one prompt; the last stands for all others."""
OTHER = VALUES - 1
HOTTER, COLDER = "hotter", "colder"
KEYED = "keyed tilt"
DIRECTIONS = (KEYED, HOTTER, COLDER)
ROUNDED = 1e-6
"""Probabilities of the likelihood hook are known so exactly."""


@dataclass(slots=True)
class Places:
    """Numbers of values in the order in which they were first seen; the last is for the rest."""

    known: dict[str, int] = field(default_factory=dict)

    def of(self, value: str) -> int:
        """Return the number of a value."""
        if value not in self.known and len(self.known) < OTHER:
            self.known[value] = len(self.known)
        return self.known.get(value, OTHER)


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
        for request, texts in zip(study.requests, _texts(next(rounds)), strict=True)
    ]
    effect = trial.design.members["effect"]
    contexts = {group: [_Context(effect, group) for _ in laws] for group in study.groups.values()}
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


def _texts(asked: Iterable[Asked]) -> list[set[str]]:
    """Return the texts of one token that came, by prompt."""
    found: dict[int, set[str]] = {}
    for item in asked:
        found.setdefault(item.prompt, set()).update(c.text for c in item.answer.choices)
    return [found[prompt] for prompt in sorted(found)]


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


@requirement("STD-08")
def test_ordinary_weeks_are_not_flagged(lab: Lab) -> None:
    """Weeks of people with nothing in common, submitted to the detector."""
    trial = lab.trial(
        "ordinary weeks",
        channel="score hook",
        reference="the declared rate of false alarms",
        conforming=declared_rate(lab),
    )
    alarms: list[Scored] = []
    for scored in benign_windows(lab).by(lab):
        if scored.flagged:
            alarms.append(scored)
        trial.observe_coin(bool(scored.flagged))
        if trial.decision is not None:
            break
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
        conforming=3 * declared_rate(lab),
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
    if surface.alternatives_max == 0:
        raise NotApplicable("the surface declares that it never returns log-probabilities")
    study = good_standing(lab)
    trial = lab.trial(
        *_alternatives(study),
        channel="returned log-probabilities",
        reference="the answer itself",
    )
    effect = trial.design.members["effect"]
    step = 0.5 * 10.0**-surface.decimals
    returned = {
        group: [_Returned(effect, step, group) for _ in study.requests]
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


class _Context:
    """One prompt whose law is known: what is known of a tilt of it, and what heat would do."""

    def __init__(self, effect: float, group: str) -> None:
        self._effect = effect
        self._group = group
        self._tilt: Tilt | None = None
        self._powers: dict[str, float] = {}

    def observe(self, trial: Trial, p: NDArray[np.float64], value: int, step: float) -> None:
        """Take in a value where ``p`` is the law, each probability known to ``step``."""
        if self._tilt is None:
            self._tilt = Tilt(len(p), strength(self._effect, p))
            self._powers = {
                HOTTER: _power(self._effect, p, 0.02, 1.0),
                COLDER: _power(self._effect, p, 50.0, 1.0),
            }
        for name in DIRECTIONS:
            if name + self._group not in trial.open:
                continue
            predicted = self._tilt.predicted(p) if name == KEYED else _heated(p, self._powers[name])
            # What rounding may have moved, at most, in the expectation of a factor.
            slack = step * float(np.abs(predicted - p).sum())
            trial.processes[name + self._group].observe(value, p, predicted, slack)
        self._tilt.learn(p, value)


class _Returned:
    """One prompt whose answers bring the probabilities of their most probable first tokens."""

    def __init__(self, effect: float, step: float, group: str) -> None:
        self._context = _Context(effect, group)
        self._step = step
        self._names: list[str] = []

    def observe(self, trial: Trial, token: TokenLogprob) -> None:
        """Take in the first token of an answer."""
        if not self._names:
            self._names = [name for name, _ in token.alternatives[:OTHER]]
        p = self._law(token)
        value = self._names.index(token.token) if token.token in self._names else len(p) - 1
        self._context.observe(trial, p, value, self._step)

    def _law(self, token: TokenLogprob) -> NDArray[np.float64]:
        shown = dict(token.alternatives) | {token.token: token.logprob}
        p = np.array([math.exp(shown[name]) if name in shown else 0.0 for name in self._names])
        rest = max(1 - float(p.sum()), 1e-6)
        p = np.append(p, rest)
        law: NDArray[np.float64] = p / p.sum()
        return law


def _heated(p: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Return the law at another temperature, 1 / ``power``; the rest stays what it is."""
    raised = p[:-1] ** power
    raised = raised / raised.sum() * (1 - p[-1])
    law: NDArray[np.float64] = np.append(raised, p[-1])
    return law


def _power(effect: float, p: NDArray[np.float64], far: float, near: float) -> float:
    """Return the power between ``far`` and ``near`` whose divergence from p is ``effect`` nats."""
    for _ in range(60):
        middle = math.sqrt(far * near)
        law = _heated(p, middle)
        possible = (p > 0) & (law > 0)
        ratio = np.log(law[possible] / p[possible])
        far, near = (
            (middle, near) if float((law[possible] * ratio).sum()) > effect else (far, middle)
        )
    return near
