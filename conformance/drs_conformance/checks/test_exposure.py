"""Checks of the chapter Interface exposure (EXP)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from hypothesis import strategies as st

from drs_conformance.checks.declaration import Surface
from drs_conformance.checks.first_token_oracle import FirstTokens
from drs_conformance.checks.hidden_size import IDENTIFIERS, by_bias, by_sampling
from drs_conformance.checks.interrogation import Interrogation, Told
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.numbers_inside import fraction_inside, numbers_from_inside
from drs_conformance.checks.open_endpoint import overcome
from drs_conformance.checks.requirement import NotApplicable, Untestable, expect, requirement
from drs_conformance.dialects import Abilities
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest, TokenLogprob
from drs_conformance.ledger import Exchange, MalformedBody
from drs_conformance.traffic.prompts import open_prompts, prompts
from drs_conformance.traffic.requests import chat_requests

# Share of withheld reasoning that an answer may show, by level, and share of the requests of an
# interrogation that have to tell something.
REVEALED_MAX = {"L1": 0.5, "L2": 0.2, "L3": 0.05}
TOLD_MIN = 0.25
# Prompts that an attack on the hidden size may use.
_PROMPTS = 48
# Alternatives this close to the last one reported may trade places between two computations of
# the same distribution (nats).
TIE = 0.1


@dataclass(frozen=True, slots=True)
class Probe:
    """A generated request within the declared bounds, and its answer."""

    request: ChatRequest
    answer: ChatAnswer

    @property
    def id(self) -> str:
        """Identifier of the exchange."""
        return self.answer.exchange.id


def requests_within(surface: Surface, abilities: Abilities) -> st.SearchStrategy[ChatRequest]:
    """Return a strategy over requests within the declared bounds of a surface and its dialect."""
    return chat_requests(
        alternatives_max=surface.alternatives_max,
        choices_max=surface.choices_max,
        streaming=surface.streaming,
    ).map(abilities.fitted)


def ordinary_requests(lab: Lab) -> list[Probe]:
    """Send generated requests within the declared bounds once, for every check that looks.

    Accounts in good standing take turns.
    """

    def play(stage: Lab) -> list[Probe]:
        within = requests_within(stage.surface, stage.dialect.abilities)
        drawn = stage.draw(within, stage.profile.exposure_requests)
        accounts = itertools.cycle(("control", *stage.target.blind))
        return [
            Probe(request, stage.chat(request, account))
            for request, account in zip(drawn, accounts, strict=False)
        ]

    return lab.episode("ordinary-requests", play)


def positions(probe: Probe) -> list[TokenLogprob]:
    """Return the reported positions of all choices of an answer."""
    return [token for choice in probe.answer.choices for token in choice.tokens]


def require_logprobs(lab: Lab) -> None:
    """Raise `NotApplicable` where no log-probabilities can be asked for, or none are returned."""
    if not lab.dialect.abilities.has("logprobs"):
        raise NotApplicable(f"the dialect {lab.dialect.name} has no log-probabilities")
    if lab.surface.alternatives_max == 0:
        raise NotApplicable("the surface declares that it never returns log-probabilities")


def with_logprobs(lab: Lab) -> list[Probe]:
    """Return the ordinary requests, where the surface returns log-probabilities at all."""
    require_logprobs(lab)
    probes = ordinary_requests(lab)
    if not any(positions(probe) for probe in probes):
        raise Untestable("no answer reported a log-probability", *probes)
    lab.tried(probes)
    return probes


@requirement("EXP-01")
def test_alternatives_stay_within_the_bound(lab: Lab) -> None:
    """No position reports more alternatives than were asked for or declared."""
    surface = lab.surface
    probes = ordinary_requests(lab)
    lab.tried(probes)
    if not lab.dialect.abilities.has("logprobs"):
        for probe in probes:
            expect_no_numbers(probe.answer)
        return
    for probe in probes:
        allowed = min(probe.request.top_logprobs or 0, surface.alternatives_max)
        most = max((len(token.alternatives) for token in positions(probe)), default=0)
        expect(
            most <= allowed,
            f"a position reports {most} alternatives where {allowed} are allowed "
            f"({'streamed' if probe.request.stream else 'plain'})",
            probe,
        )


def expect_no_numbers(answer: ChatAnswer) -> None:
    """Expect no log-probabilities in an answer of a dialect that has no place for any."""
    found = fraction_inside(answer.raw)
    expect(found is None, f"an answer holds {found}, though its dialect has none", answer.exchange)


@requirement("EXP-02")
def test_log_probabilities_lie_on_the_declared_grid(lab: Lab) -> None:
    """Every reported value is a multiple of the declared step."""
    decimals = lab.surface.decimals
    for probe in with_logprobs(lab):
        for token in positions(probe):
            for value in (token.logprob, *(value for _, value in token.alternatives)):
                expect(
                    abs(value - round(value, decimals)) < 1e-9,
                    f"{value!r} has more than {decimals} decimal digits "
                    f"({'streamed' if probe.request.stream else 'plain'})",
                    probe,
                )


@requirement("EXP-03")
def test_a_bias_leaves_log_probabilities_alone(lab: Lab) -> None:
    """A bias on any token is refused beside log-probabilities, or does not show in them."""
    surface, abilities = lab.surface, lab.dialect.abilities
    plain = ChatRequest(
        messages=(("user", lab.draw(prompts(), 1)[0]),),
        max_tokens=1,
        temperature=0.0,
        logprobs=abilities.has("logprobs"),
        top_logprobs=surface.alternatives_max if abilities.has("logprobs") else None,
    )
    if not abilities.has("logprobs"):
        _expect_none_beside_a_bias(lab, plain)
        return
    first = lab.ask(plain)
    if first.status != 200:
        if surface.alternatives_max > 0:
            raise Untestable(
                f"a request for {surface.alternatives_max} alternatives, as declared, was answered "
                f"{first.status}",
                first,
            )
        return
    reported = _first_position(lab.read(first, plain))
    drawn = lab.draw(_BIASES, lab.profile.parameter_variations)
    for number, bias in enumerate(drawn):
        request = replace(plain, stream=surface.streaming and number % 2 == 1)
        # Where the dialect has no bias, the word that most dialects have for it is tried.
        has_bias = abilities.has("logit_bias")
        request = replace(request, **_biased(bias, has_bias=has_bias))
        answer = lab.ask(request)
        if answer.status != 200:
            continue
        for choice in lab.read(answer, request).choices:
            for shown in choice.tokens[:1]:
                expect(
                    _same_alternatives(reported, shown),
                    "a token bias changes the log-probabilities that are returned beside it",
                    first,
                    answer,
                    cause=f"without bias {_brief(reported)}; with bias {_brief(shown)}",
                )
                expect(
                    _in_view(reported, shown),
                    "a token bias brings the log-probability of another token into view",
                    first,
                    answer,
                    cause=f"without bias {_brief(reported)}; with bias {shown.token!r} "
                    f"{shown.logprob:.2f}",
                )
    lab.tried(drawn)


_BIASES = st.dictionaries(
    st.integers(0, 200).map(str), st.sampled_from((-100.0, 50.0, 100.0)), min_size=1, max_size=8
)


def _biased(bias: Mapping[str, float], *, has_bias: bool) -> dict[str, Any]:
    return {"logit_bias": bias} if has_bias else {"extra": {"logit_bias": bias}}


def _expect_none_beside_a_bias(lab: Lab, plain: ChatRequest) -> None:
    """Ask for log-probabilities in the words of other dialects, beside a bias."""
    drawn = lab.draw(_BIASES, lab.profile.parameter_variations)
    for bias in drawn:
        members = {"logprobs": True, "top_logprobs": 5, "logit_bias": bias}
        request = replace(plain, extra=members)
        answer = lab.ask(request)
        if answer.status == 200:
            expect_no_numbers(lab.read(answer, request))
    lab.tried(drawn)


@requirement("EXP-04")
def test_sampling_does_not_move_the_alternatives(lab: Lab) -> None:
    """One prompt, many settings of the sampler: always the same alternatives come first."""
    surface = lab.surface
    require_logprobs(lab)
    plain = ChatRequest(
        messages=(("user", lab.draw(prompts(), 1)[0]),),
        max_tokens=1,
        temperature=0.0,
        logprobs=True,
        top_logprobs=surface.alternatives_max,
    )
    first = lab.chat(plain)
    reported = _first_position(first)
    settings = st.fixed_dictionaries(
        {
            "seed": st.integers(0, 2**31 - 1),
            "temperature": st.sampled_from((0.0, 0.5, 1.0, 1.5)),
            "top_p": st.sampled_from((None, 0.3, 0.9)),
            "n": st.sampled_from((None, min(2, surface.choices_max))),
            "user": st.sampled_from((None, "u-1", "u-2")),
            "stream": st.booleans() if surface.streaming else st.just(False),
        }
    )
    drawn = lab.draw(settings, lab.profile.parameter_variations)
    for setting in drawn:
        changes: dict[str, Any] = dict(setting)
        answer = lab.chat(lab.dialect.abilities.fitted(replace(plain, **changes)))
        for choice in answer.choices:
            shown = choice.tokens[0] if choice.tokens else None
            expect(
                shown is not None and _same_set(reported, shown),
                "the alternatives at the first position depend on sampling parameters",
                first.exchange,
                answer.exchange,
                cause=f"at {setting}: {_brief(shown)} instead of {_brief(reported)}",
            )
    lab.tried(drawn)


def _first_position(answer: ChatAnswer) -> TokenLogprob:
    for choice in answer.choices:
        if choice.tokens:
            return choice.tokens[0]
    raise Untestable("the answer reports no log-probability", answer.exchange)


def _same_alternatives(one: TokenLogprob, other: TokenLogprob) -> bool:
    values = dict(other.alternatives)
    return _same_set(one, other) and all(
        abs(values[token] - value) <= TIE for token, value in one.alternatives if token in values
    )


def _in_view(one: TokenLogprob, other: TokenLogprob) -> bool:
    """Whether the token of ``other`` was reported in ``one``, or is level with the last there."""
    known = {**dict(one.alternatives), one.token: one.logprob}
    return other.token in known or abs(other.logprob - min(known.values())) <= TIE


def _same_set(one: TokenLogprob, other: TokenLogprob) -> bool:
    """Whether two lists agree but for tokens that are level with the last one."""
    a, b = dict(one.alternatives), dict(other.alternatives)
    if not a or not b:
        return len(a) == len(b)
    return all(a[token] - min(a.values()) <= TIE for token in a.keys() - b.keys()) and all(
        b[token] - min(b.values()) <= TIE for token in b.keys() - a.keys()
    )


def _brief(position: TokenLogprob | None) -> str:
    if position is None:
        return "nothing"
    return ", ".join(f"{token!r} {value:.2f}" for token, value in position.alternatives)


@requirement("EXP-05")
def test_requests_beyond_a_bound_are_refused(lab: Lab) -> None:
    """More alternatives or choices than declared: 400, and a problem that names the limit."""
    surface = lab.surface
    kind = _problem_type(lab, "parameter-out-of-bounds")
    bounded = bounded_parameters(lab)
    if not bounded:
        raise NotApplicable(
            f"the dialect {lab.dialect.name} has neither log-probabilities nor several choices (n)"
        )
    excess = st.tuples(
        st.sampled_from(bounded),
        st.sampled_from((1, 2, 5, 15, 100)),
        st.booleans() if surface.streaming else st.just(False),
    )
    drawn = lab.draw(excess, lab.profile.refused_requests)
    for parameter, more, stream in drawn:
        limit = surface.alternatives_max if parameter == "top_logprobs" else surface.choices_max
        request = excessive(lab, parameter, more)
        answer = lab.ask(replace(request, stream=stream))
        asked = f"{parameter} {limit + more} where {limit} is declared"
        expect(answer.status == 400, f"{asked}: expected 400, got {answer.status}", answer)
        problem = lab.expect_document(answer, "problem")
        got = (problem["type"], problem.get("parameter"), problem.get("limit"))
        named = sorted(lab.dialect.calls(parameter))
        expect(
            got in [(kind, name, limit) for name in named],
            f"{asked}: the problem names type, parameter and limit {got}, expected "
            f"{(kind, ' or '.join(named), limit)}",
            answer,
        )
    lab.tried(drawn)


def bounded_parameters(lab: Lab) -> list[str]:
    """Return the parameters that are bounded and that the dialect can ask for."""
    abilities = lab.dialect.abilities
    asked_by = {"top_logprobs": "logprobs", "n": "n"}
    return [name for name, ability in asked_by.items() if abilities.has(ability)]


def excessive(lab: Lab, parameter: str, more: int) -> ChatRequest:
    """Return a request for ``more`` alternatives or choices than the surface declares."""
    surface = lab.surface
    asks_alternatives = parameter == "top_logprobs"
    return ChatRequest(
        messages=(("user", lab.draw(prompts(), 1)[0]),),
        max_tokens=1,
        logprobs=asks_alternatives,
        top_logprobs=surface.alternatives_max + more if asks_alternatives else None,
        n=None if asks_alternatives else surface.choices_max + more,
    )


def _problem_type(lab: Lab, name: str) -> str:
    entries = lab.registry("problem-types")["entries"]
    return str(next(entry["type"] for entry in entries if entry["id"] == name))


@requirement("EXP-06")
def test_no_numbers_from_inside_the_model(lab: Lab) -> None:
    """Every member known to ask for logits, hidden states or prompt log-probabilities is sent."""
    asked: list[Exchange] = []
    for entry in lab.registry("raw-outputs")["entries"]:
        request = ChatRequest(
            messages=(("user", lab.draw(prompts(), 1)[0]),),
            max_tokens=2,
            extra={entry["member"]: entry["value"]},
        )
        answer = lab.ask(request)
        asked.append(answer)
        if answer.status != 200:
            continue
        try:
            document = answer.json()
        except MalformedBody:
            continue
        found = numbers_from_inside(document, request.max_tokens)
        expect(
            found is None,
            f"the member {entry['member']} is honoured and reveals {entry['reveals']}: {found}",
            answer,
        )
    lab.tried(asked)


@requirement("EXP-07")
def test_choices_stay_within_the_bound(lab: Lab) -> None:
    """No answer holds more choices than were asked for or declared."""
    most = lab.surface.choices_max
    probes = ordinary_requests(lab)
    for probe in probes:
        allowed = min(probe.request.n or 1, most)
        got = len(probe.answer.choices)
        expect(got <= allowed, f"{got} choices where {allowed} are allowed", probe)
    lab.tried(probes)


def is_told_apart(token: str) -> bool:
    """Tell whether ``token`` is one token; parts of a character are all U+FFFD, or empty."""
    return token != "" and "\ufffd" not in token


@requirement("EXP-08")
def test_log_probabilities_agree_with_themselves(lab: Lab) -> None:
    """At each position: at most zero, in order, different tokens, a mass of at most one."""
    step = 10.0**-lab.surface.decimals
    for probe in with_logprobs(lab):
        for token in positions(probe):
            values = [value for _, value in token.alternatives]
            names = [name for name, _ in token.alternatives if is_told_apart(name)]
            mass = sum(math.exp(value - step) for value in values)
            expect(
                all(value <= 0 for value in (token.logprob, *values)),
                f"a log-probability above zero at the token {token.token!r}",
                probe,
            )
            expect(
                values == sorted(values, reverse=True),
                f"the alternatives of {token.token!r} are not in descending order",
                probe,
            )
            expect(
                len(set(names)) == len(names),
                f"the alternatives of {token.token!r} name a token twice",
                probe,
            )
            expect(
                mass <= 1 + 1e-9,
                f"the alternatives of {token.token!r} have a mass of {mass:.4f}",
                probe,
            )
            expect(
                not is_told_apart(token.token)
                or dict(token.alternatives).get(token.token, token.logprob) == token.logprob,
                f"the token {token.token!r} is reported with two different values",
                probe,
            )


@requirement("EXP-09")
def test_the_hidden_size_stays_hidden(lab: Lab) -> None:
    """The published attacks are tried, as far as the surface lets them go.

    With as many requests they find the hidden size of an endpoint that was made up and hides
    nothing, or what they did not find here would mean nothing.
    """
    if not lab.dialect.abilities.has("logprobs"):
        raise NotApplicable(
            f"the dialect {lab.dialect.name} has no log-probabilities, which the methods start from"
        )
    budget, cap = lab.profile.attack_requests, lab.profile.attack_cap
    identifiers = list(IDENTIFIERS)
    Random(lab.key("identifiers")).shuffle(identifiers)
    attacks = (
        (partial(by_bias, identifiers=identifiers, cap=cap), prompts(), math.isqrt(cap)),
        (partial(by_sampling, budget=budget), open_prompts(), math.isqrt(budget) // 4),
    )
    surface = FirstTokens(lab)
    tried = []
    for attack, kind, hidden_max in attacks:
        texts = list(dict.fromkeys(lab.draw(kind, _PROMPTS)))
        control = overcome(attack, texts, hidden_max, lab.key("endpoint without defences"))
        if control is None:
            raise Untestable("an endpoint without defences kept its hidden size as well")
        attacked = attack(surface, texts)
        tried.append(f"{attacked} (on an endpoint without defences {control.end})")
        lab.remark = "; ".join(tried)
        expect(
            attacked.size is None,
            f"the hidden size of the model shows: {attacked.size}",
            cause=lab.remark,
        )


@requirement("EXP-10")
def test_reasoning_stays_confined(lab: Lab) -> None:
    """Whoever asks for withheld reasoning, in whatever way, sees little of it in any answer."""
    surfaces = [surface for surface in lab.surfaces if surface.withholds_reasoning]
    if not surfaces:
        raise NotApplicable(f"no {lab.target.dialect} surface is declared to withhold reasoning")
    shares = [share for surface in surfaces for share in _shares_revealed(lab, surface)]
    lab.tried(shares)
    lab.remark = f"an answer shows {max(shares):.0%} of the reasoning withheld from it at most"


def _shares_revealed(lab: Lab, surface: Surface) -> list[float]:
    most = REVEALED_MAX[lab.declaration.level]
    interrogation = Interrogation(lab, surface)
    told: list[Told] = []
    shares: list[float] = []
    for one in interrogation.answers():
        told.append(one)
        if one.share is None:
            continue
        shares.append(one.share)
        expect(
            one.share <= most,
            f"an answer ({'streamed' if one.asked.request.stream else 'plain'}) shows "
            f"{one.share:.0%} of the reasoning that is withheld, {most:.0%} are allowed",
            one.answer.exchange,
            one.read,
        )
    if len(shares) < TOLD_MIN * interrogation.requests:
        raise Untestable(
            f"{surface.id} withheld reasoning of some length from {len(shares)} answers only",
            *(one.read for one in told),
        )
    own = lab.send("GET", told[0].read.request.path, interrogation.persona, faults_too=True)
    expect(own.status != 200, "an account reads the reasoning withheld from its answer", own)
    return shares
