"""Accounts on both sides of each criterion of a declared eligibility policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import cycle
from typing import Any

from hypothesis import strategies as st

from drs_conformance.checks.declaration import Surface
from drs_conformance.checks.episodes import local_path
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import NotApplicable, Untestable, expect
from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.scheduling.leases import Fresh, Step
from drs_conformance.specification.formats import moment
from drs_conformance.traffic.eligibility import beyond, just_within, merged, unmentioned
from drs_conformance.traffic.prompts import prompts

__all__ = ["Policy", "Sides", "Tried", "both_sides"]

Facts = Mapping[str, Any]
# How much of the facts a report repeats.
_SHOWN_MAX = 300
_QUESTIONS = 16


@dataclass(frozen=True, slots=True)
class Policy:
    """A document valid under the schema ``eligibility-policy``, as the chapter reads it."""

    document: Mapping[str, Any]

    def holds(self, surface: str, at: datetime) -> bool:
        """Tell whether the policy is in force at a time and names a surface."""
        begin, end = moment(self.document["valid_from"]), moment(self.document["valid_until"])
        return surface in self.document["surfaces"] and begin <= at < end

    def excluding(self, facts: Facts) -> frozenset[str]:
        """Return the criteria that exclude an account of which ``facts`` are established."""
        return frozenset(
            criterion["id"]
            for criterion in self.document["criteria"]
            if _EXCLUDES[criterion["kind"]](criterion, facts)
        )


def _owns_enough(criterion: Mapping[str, Any], facts: Facts) -> bool:
    held = sum(
        (
            Decimal(repr(holding["share"]))
            for holding in facts.get("holdings", ())
            if _words(holding["owner"]) == _words(criterion["owner"])
        ),
        Decimal(0),
    )
    return held >= Decimal(repr(criterion["share_min"]))


def _sits_where_nobody_is_served(criterion: Mapping[str, Any], facts: Facts) -> bool:
    for seat in facts.get("seats", ()):
        if seat["of"] == criterion["of"]:
            country = seat["place"].partition("-")[0]
            is_inside = bool({seat["place"], country} & set(criterion["places"]))
            if is_inside == (criterion["effect"] == "not-served"):
                return True
    return False


def _is_used_so(criterion: Mapping[str, Any], facts: Facts) -> bool:
    return bool(set(map(_words, criterion["uses"])) & set(map(_words, facts.get("uses", ()))))


def _is_listed(criterion: Mapping[str, Any], facts: Facts) -> bool:
    listed = set(map(_words, criterion["test_parties"]))
    return bool(listed & set(map(_words, facts.get("names", ()))))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.casefold().split())


_EXCLUDES = {
    "majority-ownership": _owns_enough,
    "jurisdiction": _sits_where_nobody_is_served,
    "end-use": _is_used_so,
    "listed-party": _is_listed,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """One account: what was stated of it, which criteria exclude it, and what it was answered.

    Where it was refused, it was reset and asked ``again``.
    """

    facts: Facts
    excluding: frozenset[str]
    stated: Step
    answer: Exchange
    reset: Step | None = None
    again: Exchange | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the account got no answer."""
        return self.answer.status != 200

    def told(self) -> str:
        """Return what was stated, as far as it fits into a report."""
        text = json.dumps(self.facts, ensure_ascii=False)
        return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


@dataclass(frozen=True, slots=True)
class Sides:
    """The declared policy, and accounts on both sides of each of its criteria."""

    policy: Policy
    accounts: tuple[Tried, ...]


def declared_policy(lab: Lab) -> Policy:
    """Read the policy at the place that the declaration names."""
    place = lab.declaration.document.get("documents", {}).get("eligibility_policy")
    if place is None:
        raise NotApplicable("the declaration names no eligibility policy: everybody is served")
    root = lab.target.root
    path = local_path(place, root)
    if path is None:
        raise Untestable(
            f"the eligibility policy stands at {place}, and the authorisation is for {root}",
            lab.declaration,
            cause="Serve a copy at the endpoint, and name that in the declaration.",
        )
    answer = lab.get(path, persona=None)
    expect(
        answer.status == 200,
        f"the declared eligibility policy was answered {answer.status}, expected 200",
        answer,
    )
    document = lab.expect_document(answer, "eligibility-policy")
    expect(
        document["issuer"] == root,
        f"the eligibility policy is that of {document['issuer']}, expected {root}",
        answer,
    )
    return Policy(document)


def both_sides(lab: Lab) -> Sides:
    """Play, or recall, the episode of accounts on both sides of each criterion."""

    def play(stage: Lab) -> Sides:
        policy = declared_policy(stage)
        fresh = stage.fresh()
        questions = stage.draw(prompts(), _QUESTIONS)
        found: list[Tried] = []
        for number, (facts, surface) in enumerate(_accounts(stage, policy)):
            request = ChatRequest(
                messages=(("user", questions[number % len(questions)]),),
                max_tokens=1,
                stream=surface.streaming and number % 4 == 3,
            )
            is_held = policy.holds(surface.id, stage.now())
            excluding = policy.excluding(facts) if is_held else frozenset()
            found.append(_try(stage, fresh, facts, excluding, request, surface))
            again = found[-1].again
            if again is not None and again.status != 200:
                # Whoever leases the persona next is to find it as the reset should have left it.
                fresh.establish({})
                break
        return Sides(policy, tuple(found))

    return lab.episode("eligibility", play)


def _accounts(lab: Lab, policy: Policy) -> Iterator[tuple[Facts, Surface]]:
    """Yield what is stated of each account, and the surface that it asks.

    Who is excluded asks each surface in turn, and those that the policy does not name as well; of
    every other one such account ordinary things are stated too.
    """
    criteria, count = policy.document["criteria"], lab.profile.eligibility
    named = [s for s in lab.surfaces if s.id in policy.document["surfaces"]]
    others = [s for s in lab.surfaces if s not in named]
    first = lab.surface if lab.surface in named or not named else named[0]
    outside = [forms for criterion in criteria if (forms := beyond(criterion, criteria))]
    within = [forms for criterion in criteria if (forms := just_within(criterion, criteria))]
    excluded = [facts for forms in outside for facts in lab.draw_of_each(forms, count)]
    everything = unmentioned(criteria)
    # Ordinary owners would leave no share for others.
    ordinary = {name: said for name, said in everything[0].items() if name != "holdings"}
    edges = st.tuples(*(forms[0] for forms in outside))
    together = [merged(*parts) for parts in lab.draw(edges, count)] if outside else []
    for number, facts in enumerate([*excluded, *together]):
        told = merged(ordinary, facts) if number % 2 else facts
        yield told, named[number % len(named)] if named else first
    if excluded:
        yield from zip(cycle(excluded), others, strict=False)
    for forms in within:
        for facts in lab.draw_of_each(forms, count):
            yield facts, first
    for facts in everything:
        yield facts, first
    for parts in lab.draw(st.tuples(*(forms[0] for forms in within)), count):
        yield merged(*parts, everything[0]), first


def _try(
    lab: Lab,
    fresh: Fresh,
    facts: Facts,
    excluding: frozenset[str],
    request: ChatRequest,
    surface: Surface,
) -> Tried:
    """State facts of the persona, let it ask, and after a refusal reset it and let it ask again."""
    stated = fresh.establish(facts)
    answer = lab.ask(request, fresh.name, surface=surface)
    if answer.status == 429:
        # Its quota is used up, which a reset gives back.
        fresh.reset()
        stated = fresh.establish(facts)
        answer = lab.ask(request, fresh.name, surface=surface)
    if answer.status == 200:
        return Tried(facts, excluding, stated, answer)
    reset = fresh.reset()
    return Tried(
        facts, excluding, stated, answer, reset, lab.ask(request, fresh.name, surface=surface)
    )
