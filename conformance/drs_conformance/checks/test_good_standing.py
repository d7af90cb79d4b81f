"""Checks of the chapter Good standing (STD)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import NotApplicable, Untestable, requirement
from drs_conformance.checks.scores import Scored, Windows, benign_windows, declared_rate
from drs_conformance.checks.study import Asked, first_value, good_standing
from drs_conformance.dialects.neutral import TokenLogprob
from drs_conformance.statistics.tilts import PairedTilt, Tilt, strength
from drs_conformance.statistics.trial import Trial
from drs_conformance.traffic.windows import HARD_CASES

VALUES = 6
"""First tokens that are told apart in one prompt; the last stands for all others."""
OTHER = VALUES - 1
HOTTER, COLDER = "hotter", "colder"
KEYED = "keyed tilt"


@dataclass(slots=True)
class Places:
    """Numbers of values in the order in which they were first seen; the last is for the rest."""

    known: dict[str, int] = field(default_factory=dict)

    def of(self, value: str) -> int:
        """Return the number of a value."""
        if value not in self.known and len(self.known) < OTHER:
            self.known[value] = len(self.known)
        return self.known.get(value, OTHER)


@requirement("STD-02")
def test_accounts_get_the_same_answers(lab: Lab) -> None:
    """The order of two answers to one request tells nothing about who asked."""
    study = good_standing(lab)
    trial = lab.trial(*study.others, channel="text", reference="another account (`control`)")
    tilt = math.sqrt(2 * trial.design.members["effect"])
    places = [Places() for _ in study.requests]
    keys = {account: [PairedTilt(VALUES, tilt) for _ in study.requests] for account in study.others}
    for asked in study.rounds(lab):
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
    for scored in benign_windows(lab).scored(lab):
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
    streams = {kind: Windows(lab, kind, make).scored(lab) for kind, make in HARD_CASES.items()}
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
        *(KEYED, HOTTER, COLDER),
        channel="returned log-probabilities",
        reference="the answer itself",
    )
    effect = trial.design.members["effect"]
    step = 0.5 * 10.0**-surface.decimals
    contexts = [_Context(effect, step) for _ in study.requests]
    for asked in study.rounds(lab):
        for item in asked:
            for choice in item.answer.choices:
                if not choice.tokens:
                    continue
                if not choice.tokens[0].alternatives:
                    raise Untestable("an answer reports no alternatives", item.answer.exchange)
                contexts[item.prompt].observe(trial, choice.tokens[0])
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
    """One prompt: its most probable first tokens, and what is known of a tilt of them."""

    def __init__(self, effect: float, step: float) -> None:
        self._effect = effect
        self._step = step
        self._names: list[str] = []
        self._tilt: Tilt | None = None
        self._powers: dict[str, float] = {}

    def observe(self, trial: Trial, token: TokenLogprob) -> None:
        """Take in the first token of an answer."""
        if not self._names:
            self._names = [name for name, _ in token.alternatives[:OTHER]]
        p = self._law(token)
        if self._tilt is None:
            self._tilt = Tilt(len(p), strength(self._effect, p))
            self._powers = {
                HOTTER: _power(self._effect, p, 0.02, 1.0),
                COLDER: _power(self._effect, p, 50.0, 1.0),
            }
        value = self._names.index(token.token) if token.token in self._names else len(p) - 1
        for name in trial.open:
            predicted = self._tilt.predicted(p) if name == KEYED else _heated(p, self._powers[name])
            # What rounding may have moved, at most, in the expectation of a factor.
            slack = self._step * float(np.abs(predicted - p).sum())
            trial.processes[name].observe(value, p, predicted, slack)
        self._tilt.learn(p, value)

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
