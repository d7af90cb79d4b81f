"""Mutants of the chapter Eligibility: whom the endpoint refuses, and what it says then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from drs_reference.eligibility.criteria import (
    Criterion,
    EndUse,
    Jurisdiction,
    ListedParty,
    MajorityOwnership,
    same_words,
)
from drs_reference.eligibility.facts import Facts
from drs_reference.gateway.eligibility import Eligibility
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.problems import Problem, Refusals
from drs_reference.response.procedure import Account, Procedure, Progress

from mutants.mutant import mutant

Change = Callable[[Any], Any]


def applied(parts: Parts, change: Callable[[tuple[Criterion, ...]], Any]) -> Parts:
    """Let other criteria be applied than the declared ones."""
    assert parts.eligibility is not None
    policy = parts.eligibility.policy
    changed = replace(policy, criteria=tuple(change(policy.criteria)))
    return replace(parts, eligibility=Eligibility(parts.eligibility.document, changed))


def each(kind: type, change: Change) -> Callable[[tuple[Criterion, ...]], Any]:
    """Replace the criteria of one kind."""
    return lambda criteria: [change(one) if isinstance(one, kind) else one for one in criteria]


@dataclass(frozen=True)
class Otherwise:
    """A criterion that excludes whom it should not, or not whom it should."""

    declared: Any
    excludes: Callable[[Facts], bool]

    @property
    def id(self) -> str:
        return str(self.declared.id)


def with_refusal(parts: Parts, change: Callable[[Problem], Problem]) -> Parts:
    """Let refusals under the policy be said otherwise."""

    class Said(Refusals):
        def not_eligible(self, criterion: Criterion) -> Problem:
            return change(super().not_eligible(criterion))

    return replace(parts, refusals=Said(parts.terms.appeals_path))


def without(member: str) -> Callable[[Problem], Problem]:
    """Leave out an extension member of a problem."""
    return lambda problem: replace(
        problem, members={name: said for name, said in problem.members.items() if name != member}
    )


@mutant(breaks=["ELG-03"])
def half_is_no_majority(parts: Parts) -> Parts:
    """An owner of just the declared share is served: it has to be more."""

    def change(one: MajorityOwnership) -> Otherwise:
        return Otherwise(one, lambda facts: one.held(facts) > one.share_min)

    return applied(parts, each(MajorityOwnership, change))


@mutant(breaks=["ELG-03"])
def a_little_less_than_half_will_do(parts: Parts) -> Parts:
    """Shares are rounded to whole per cent before they are looked at."""

    def change(one: MajorityOwnership) -> Otherwise:
        return Otherwise(one, lambda facts: round(one.held(facts), 2) >= one.share_min)

    return applied(parts, each(MajorityOwnership, change))


@mutant(breaks=["ELG-03"])
def places_that_no_policy_names(parts: Parts) -> Parts:
    """Customers with a seat in XC are refused as well, though the policy does not say so."""

    def change(one: Jurisdiction) -> Jurisdiction:
        return replace(one, places=one.places | {"XC"})

    return applied(parts, each(Jurisdiction, change))


@mutant(breaks=["ELG-03"])
def any_majority_owner(parts: Parts) -> Parts:
    """Whoever belongs to one owner is refused, whoever that is."""

    def change(one: MajorityOwnership) -> Otherwise:
        def excludes(facts: Facts) -> bool:
            return any(holding.share > 0.5 for holding in facts.holdings) or one.excludes(facts)

        return Otherwise(one, excludes)

    return applied(parts, each(MajorityOwnership, change))


@mutant(breaks=["ELG-03"])
def uses_are_not_looked_at(parts: Parts) -> Parts:
    """The policy excludes uses, and nobody enforces it."""
    return applied(parts, each(EndUse, lambda one: Otherwise(one, lambda facts: False)))


@mutant(breaks=["ELG-03"])
def a_country_without_its_parts(parts: Parts) -> Parts:
    """Seats are compared as texts, so that a part of an excluded country is served."""

    def change(one: Jurisdiction) -> Otherwise:
        def excludes(facts: Facts) -> bool:
            return any(seat.of == one.of and seat.place in one.places for seat in facts.seats)

        return Otherwise(one, excludes)

    return applied(parts, each(Jurisdiction, change))


@mutant(breaks=["ELG-03"])
def customers_answer_for_their_customers(parts: Parts) -> Parts:
    """A seat counts whoever has it, while the policy is about the customer's."""

    def change(one: Jurisdiction) -> Otherwise:
        return Otherwise(one, lambda facts: any(one.contains(seat.place) for seat in facts.seats))

    return applied(parts, each(Jurisdiction, change))


@mutant(breaks=["ELG-03"])
def names_that_begin_alike(parts: Parts) -> Parts:
    """Whoever has a name that begins as one on the list is taken for that party."""

    def change(one: ListedParty) -> Otherwise:
        listed = tuple(one.parties)
        return Otherwise(
            one, lambda facts: any(same_words(name).startswith(listed) for name in facts.names)
        )

    return applied(parts, each(ListedParty, change))


@mutant(breaks=["ELG-03"])
def only_the_first_name_is_looked_up(parts: Parts) -> Parts:
    """An organisation with several names is looked up by the first of them."""

    def change(one: ListedParty) -> Otherwise:
        return Otherwise(one, lambda facts: one.excludes(replace(facts, names=facts.names[:1])))

    return applied(parts, each(ListedParty, change))


@mutant(breaks=["ELG-03"])
def reasoning_is_for_everybody(parts: Parts) -> Parts:
    """The surfaces that withhold reasoning do not ask who is eligible."""
    assert parts.eligibility is not None

    class Half(Eligibility):
        def deciding(self, account: Account, surface: str, now: datetime) -> Criterion | None:
            if surface.startswith("reasoning"):
                return None
            return super().deciding(account, surface, now)

    own = parts.eligibility
    return replace(parts, eligibility=Half(own.document, own.policy))


@mutant(breaks=["ELG-03"])
def facts_outlive_a_reset(parts: Parts) -> Parts:
    """What was once established of a persona stays established."""

    class Remembering(Procedure):
        def reset(self, account: Account, now: datetime, real_now: datetime) -> Progress:
            progress = super().reset(account, now, real_now)
            return replace(progress, account=replace(progress.account, facts=account.facts))

    return replace(parts, procedure=Remembering)


@mutant(breaks=["ELG-03"], rare=True)
def the_greatest_holding_counts(parts: Parts) -> Parts:
    """Three holdings of one owner or more are not added; the greatest of them counts."""

    def change(one: MajorityOwnership) -> Otherwise:
        def excludes(facts: Facts) -> bool:
            own = [h for h in facts.holdings if same_words(h.owner) == same_words(one.owner)]
            if len(own) < 3:
                return one.excludes(facts)
            greatest = max(own, key=lambda holding: holding.share)
            return one.excludes(replace(facts, holdings=(greatest,)))

        return Otherwise(one, excludes)

    return applied(parts, each(MajorityOwnership, change))


@mutant(breaks=["ELG-03"], rare=True)
def one_use_is_forgotten(parts: Parts) -> Parts:
    """Of the excluded uses the last in the alphabet is not enforced."""

    def change(one: EndUse) -> EndUse:
        return replace(one, uses=one.uses - {max(one.uses)})

    return applied(parts, each(EndUse, change))


@mutant(breaks=["ELG-05"])
def refused_by_some_criterion(parts: Parts) -> Parts:
    """A refusal says that the policy excludes the account and not by which criterion."""
    return with_refusal(parts, without("criterion"))


@mutant(breaks=["ELG-05"])
def refused_by_the_first_criterion(parts: Parts) -> Parts:
    """A refusal names the first criterion of the policy, whichever it was that decided."""
    assert parts.eligibility is not None
    first = parts.eligibility.policy.criteria[0].id

    def change(problem: Problem) -> Problem:
        return replace(problem, members={**problem.members, "criterion": first})

    return with_refusal(parts, change)


@mutant(breaks=["ELG-05"])
def refused_for_good(parts: Parts) -> Parts:
    """A refusal under the policy does not say where to appeal."""
    return with_refusal(parts, without("appeal"))


@mutant(breaks=["ELG-05"])
def refused_as_if_suspended(parts: Parts) -> Parts:
    """A refusal under the policy looks like a suspension."""

    def change(problem: Problem) -> Problem:
        return replace(problem, type=problem.type.replace("not-eligible", "account-suspended"))

    return with_refusal(parts, change)
