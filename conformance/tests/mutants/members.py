"""Mutants of the chapters Signatures and Exchange: the reference endpoint as a careless member.

A mutant is a process of its own, so most replace a function of a module in it.
"""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from drs_reference.exchange import in_force, rule_syntax, signature, signature_checks
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.matching import RequestFeatures
from drs_reference.exchange.member import force, policy
from drs_reference.exchange.member.force import RuledMatch
from drs_reference.exchange.member.member import Member
from drs_reference.exchange.member.policy import HomeTrial, Known
from drs_reference.exchange.member.settings import Settings
from drs_reference.exchange.member.verification import Holdings
from drs_reference.exchange.proofs import SIGNATURE_TYPE, proven
from drs_reference.exchange.ranges import Network
from drs_reference.exchange.rules import Rule, RuleError
from drs_reference.exchange.sightings import ACTIONS, Sighting
from drs_reference.exchange.signature import Signature
from drs_reference.gateway import shared_detection
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.parts import Parts
from drs_reference.response.ladder import Event
from drs_reference.timestamps import rfc3339

from mutants.mutant import mutant

EVIDENCE = ("prompt-structure",)
NARROW = {4: 16, 6: 32}


def _strongest(found: Sequence[RuledMatch]) -> str:
    return ACTIONS[max(ACTIONS.index(one.ruling.action) for one in found)]


def _with_blocks() -> None:
    """Let the endpoint suspend where a ruling allows a block, as one that asks nobody would."""
    usual = shared_detection._apply

    def apply(accounts: Accounts, name: str, found: Sequence[RuledMatch]) -> None:
        usual(accounts, name, found)
        account = accounts.current(name)
        if account and account.position.state == "throttled" and _strongest(found) == "block":
            accounts.apply(name, Event("evidence", EVIDENCE, ("whoever-is-on-duty",)))

    shared_detection._apply = apply


# -- What the member publishes (SIG-01, SIG-03, SIG-05)


def _publishing(change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    """Let the member publish what it has after a change of the indicator or of its extension."""

    def publish(self: Member, one: Signature) -> None:
        document = copy.deepcopy(dict(one.document))
        change(document, document["extensions"][signature.EXTENSION])
        self.client.post([proven(document, SIGNATURE_TYPE, self.settings.signer)])

    Member.publish = publish  # type: ignore[method-assign]


@mutant(breaks=["SIG-01"], member=True)
def evidence_is_left_out(parts: Parts) -> Parts:
    """What is published does not say what it rests on."""
    _publishing(lambda document, extension: extension.pop("evidence"))
    return parts


@mutant(breaks=["SIG-01"], member=True)
def confidence_beyond_measure(parts: Parts) -> Parts:
    """What is published has a confidence of 1000, which STIX does not know."""
    _publishing(lambda document, extension: document.update(confidence=1000))
    return parts


@mutant(breaks=["SIG-03"], member=True)
def prompts_are_quoted(parts: Parts) -> Parts:
    """The description shows how the prompts begin."""
    quoted = "Seen: you are a careful grader, read the question."
    _publishing(lambda document, extension: document.update(description=quoted))
    return parts


@mutant(breaks=["SIG-03"], member=True)
def an_account_is_named(parts: Parts) -> Parts:
    """The name of a signature has the e-mail address of an account."""
    _publishing(lambda document, extension: document.update(name="Like a.person@example.org"))
    return parts


@mutant(breaks=["SIG-03"], member=True)
def the_address_of_a_person_is_shown(parts: Parts) -> Parts:
    """The description has an address from which somebody sent prompts."""
    _publishing(lambda document, extension: document.update(description="From 192.0.2.77."))
    return parts


@mutant(breaks=["SIG-05"], member=True)
def signatures_last_two_months(parts: Parts) -> Parts:
    """What is published is valid for 60 days."""

    def longer(document: dict[str, Any], extension: dict[str, Any]) -> None:
        begins = datetime.fromisoformat(document["valid_from"])
        document["valid_until"] = rfc3339(begins + timedelta(days=60))
        extension["retention_until"] = rfc3339(begins + timedelta(days=90))

    _publishing(longer)
    return parts


# -- Rules (SIG-07)


@mutant(breaks=["SIG-07"], member=True)
def rules_are_read_as_far_as_they_go(parts: Parts) -> Parts:
    """What a rule has outside of DRS-CEL is passed over, and the rest is evaluated."""
    usual = signature_checks.compile_rule

    def compile_rule(text: str, declared: Mapping[str, str]) -> Rule:
        try:
            return usual(text, declared)
        except RuleError:
            return usual(text.partition("&&")[0], declared)

    signature_checks.compile_rule = compile_rule
    return parts


@mutant(breaks=["SIG-07"], member=True)
def rules_may_be_of_any_size(parts: Parts) -> Parts:
    """A rule is evaluated however many nodes it has and however deep it is."""
    rule_syntax.NODES_MAX = rule_syntax.DEPTH_MAX = 10_000
    return parts


@mutant(breaks=["SIG-07"], member=True)
def rules_of_its_own_call_functions(parts: Parts) -> Parts:
    """What the member publishes has a function in its rule, which others do not evaluate."""

    def call(document: dict[str, Any], extension: dict[str, Any]) -> None:
        document["pattern"] += ' && size("ab") == 2'

    _publishing(call)
    return parts


# -- How strongly a signature is acted on (SIG-08)


@mutant(breaks=["SIG-08"], member=True)
def whatever_matches_is_throttled(parts: Parts) -> Parts:
    """An account is throttled on any signature, whatever its author allows."""

    def apply(accounts: Accounts, name: str, found: Sequence[RuledMatch]) -> None:
        accounts.suspect(name, EVIDENCE)

    shared_detection._apply = apply
    return parts


@mutant(breaks=["SIG-08"], member=True)
def a_challenge_is_a_throttle(parts: Parts) -> Parts:
    """Everything beyond observing throttles, a challenge too."""
    usual = shared_detection._apply

    def apply(accounts: Accounts, name: str, found: Sequence[RuledMatch]) -> None:
        if _strongest(found) == "challenge":
            accounts.suspect(name, EVIDENCE)
        else:
            usual(accounts, name, found)

    shared_detection._apply = apply
    return parts


@mutant(breaks=["SIG-08"], member=True)
def throttled_accounts_are_perturbed(parts: Parts) -> Parts:
    """Whoever goes on after a throttle is perturbed, also on a signature that allows a throttle."""
    usual = shared_detection._apply

    def apply(accounts: Accounts, name: str, found: Sequence[RuledMatch]) -> None:
        if _strongest(found) == "throttle":
            accounts.suspect(name, EVIDENCE, ("standing", "observed", "throttled"))
        else:
            usual(accounts, name, found)

    shared_detection._apply = apply
    return parts


# -- What was revoked (XCH-08)


@mutant(breaks=["XCH-08"], member=True)
def revocations_are_passed_over(parts: Parts) -> Parts:
    """A version that revokes a signature leaves the one before in force."""
    usual = Holdings.add

    def add(self: Holdings, one: Signature | Sighting) -> None:
        if not (isinstance(one, Signature) and one.revoked):
            usual(self, one)

    Holdings.add = add  # type: ignore[method-assign]
    return parts


@mutant(breaks=["XCH-08"], member=True)
def old_sets_stay_in_force(parts: Parts) -> Parts:
    """A new set of signatures is put beside the old ones instead of in their place."""
    usual = force.Force.update
    every: list[Any] = []

    def update(self: force.Force, settings: Settings, holdings: Holdings, now: datetime) -> None:
        usual(self, settings, holdings, now)
        if self._set.rulings:
            every.append(self._set)

    def match(self: force.Force, request: RequestFeatures, now: datetime) -> tuple[RuledMatch, ...]:
        return tuple(
            RuledMatch(found, each.rulings[found.signature.id, found.signature.seq])
            for each in every
            for found in each.generation.match(request, now).matches
        )

    force.Force.update = update  # type: ignore[method-assign]
    force.Force.match = match  # type: ignore[method-assign]
    return parts


# -- Who stands for a block (XCH-09)


@mutant(breaks=["XCH-09"], member=True)
def one_member_is_enough(parts: Parts) -> Parts:
    """A block on the word of its author alone."""
    policy.CONFIRMATIONS_MIN = 1
    _with_blocks()
    return parts


@mutant(breaks=["XCH-09"], member=True)
def authors_confirm_themselves(parts: Parts) -> Parts:
    """Who publishes a signature and confirms it counts twice."""
    usual = force._confirmed

    def confirmed(
        settings: Settings, holdings: Holdings, now: datetime
    ) -> defaultdict[str, set[str]]:
        found = usual(settings, holdings, now)
        for names in found.values():
            names |= {f"{name} again" for name in names}
        return found

    force._confirmed = confirmed
    _with_blocks()
    return parts


def _reading_sightings_as(changes: Mapping[str, Any], outcome: str) -> None:
    """Let sightings with an outcome be counted with other members than they have."""
    usual = force._confirmed

    def confirmed(
        settings: Settings, holdings: Holdings, now: datetime
    ) -> defaultdict[str, set[str]]:
        read = {
            id: replace(one, **changes) if one.outcome == outcome else one
            for id, one in holdings.sightings.items()
        }
        return usual(settings, Holdings(holdings.signatures, read), now)

    force._confirmed = confirmed
    _with_blocks()


@mutant(breaks=["XCH-09"], member=True)
def hearsay_confirms(parts: Parts) -> Parts:
    """Who confirms a signature without evidence of its own stands for it too."""
    _reading_sightings_as({"independent": True}, "confirmed")
    return parts


@mutant(breaks=["XCH-09"], member=True)
def whoever_has_looked_confirms(parts: Parts) -> Parts:
    """A member that has not decided stands for a signature."""
    _reading_sightings_as({"outcome": "confirmed"}, "undecided")
    return parts


# -- What is tried at home (XCH-10)


@mutant(breaks=["XCH-10"], member=True)
def false_positives_are_no_matter(parts: Parts) -> Parts:
    """Signatures are tried on benign traffic, and acted on whatever comes of it."""

    def tolerable(self: HomeTrial, stated: float) -> bool:
        return True

    HomeTrial.tolerable = tolerable  # type: ignore[method-assign]
    return parts


@mutant(breaks=["XCH-10"], member=True)
def nothing_is_tried(parts: Parts) -> Parts:
    """Authors are believed that their signatures match no benign traffic."""

    def tried(signatures: Sequence[Signature], *_: Any) -> Mapping[str, Known]:
        return {each.id: Known(HomeTrial(1, 0)) for each in signatures}

    force.tried = tried
    return parts


# -- Which ranges are taken (XCH-11)


@mutant(breaks=["XCH-11"], member=True)
def wide_ranges_are_taken(parts: Parts) -> Parts:
    """A signature may name any range that is too wide to be listed as a shared one."""
    narrow = ip_network("192.0.2.0/24")
    usual_object, usual_range = signature.read_object, signature_checks.read_range

    def read_object(body: bytes, kind: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(body)
        named = document["extensions"][signature.EXTENSION].get("networks", [])
        given = [entry["cidr"] for entry in named]
        for entry in named:
            if _is_wide(entry["cidr"]):
                entry["cidr"] = str(narrow)
        read = usual_object(canonical(document), kind)
        for entry, cidr in zip(
            read["extensions"][signature.EXTENSION].get("networks", ()), given, strict=True
        ):
            entry["cidr"] = cidr
        return read

    def read_range(text: str) -> Network:
        return ip_network(text) if _is_wide(text) else usual_range(text)

    signature.read_object = read_object
    signature_checks.read_range = read_range
    _without_shared_ranges()
    return parts


@mutant(breaks=["XCH-11"], member=True)
def shared_ranges_are_taken(parts: Parts) -> Parts:
    """A range counts that is narrow enough, whoever leaves by it."""
    usual = signature_checks.read_range

    def read_range(text: str) -> Network:
        return usual(text) if _is_wide(text) else ip_network(text)

    signature_checks.read_range = read_range
    _without_shared_ranges()
    return parts


def _without_shared_ranges() -> None:
    usual = in_force._prepared

    def prepared(each: Signature, keys: Any, shared: Sequence[Network], rules: Any) -> Any:
        return usual(each, keys, (), rules)

    in_force._prepared = prepared


def _is_wide(text: str) -> bool:
    network = ip_network(text)
    return network.prefixlen < NARROW[network.version]
