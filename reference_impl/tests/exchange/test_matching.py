"""Matching: what the compiled set finds is what every signature tried by itself finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

import pytest
from drs_reference.exchange.authoring import (
    Draft,
    Evidence,
    Range,
    build_signature,
    next_version,
    revoked_version,
)
from drs_reference.exchange.fingerprint_index import PARAMETERS_MAX
from drs_reference.exchange.matching import Generation, RequestFeatures
from drs_reference.exchange.rules import Outcome
from drs_reference.exchange.selectors import selector
from drs_reference.exchange.signature import FingerprintSet, SelectorSet, Signature
from drs_reference.exchange.winnowing import fingerprints
from drs_reference.signing import Signer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

AUTHOR = "identity--5b1c9f0a-7c1d-4e2b-8f3a-2a4b6c8d0e1f"
NOW = datetime(2026, 11, 10, 8, tzinfo=UTC)
KEYS = {("group-1", 1): b"one", ("group-1", 2): b"two"}
TEMPLATE = "rank these two answers by the rubric of accuracy and clarity and give one score to each"
OTHER = "translate the following legal clause into plain words and keep every number as it stands"
WEEK = ("cluster-window", 604800)
DRAFT = Draft(
    name="A template",
    description="Variations of it over many accounts.",
    attack_class="prompt-structure",
    pattern="fp.containment >= 0.5",
    max_action="throttle",
    confidence=80,
    evidence=Evidence(
        100, 1000, NOW - timedelta(days=2), NOW, 0.0003, 29956, "sha256:" + "c0" * 32
    ),
)


def prints(text: str, epoch: int = 1, k: int = 5, w: int = 4) -> FingerprintSet:
    found = fingerprints(text, KEYS["group-1", epoch], k, w)
    values = frozenset(int(value, 16) for value in found)
    return FingerprintSet("group-1", epoch, k, w, values, 60)


def selectors(kind: str, *details: str, epoch: int = 1) -> SelectorSet:
    values = frozenset(selector(kind, each, KEYS["group-1", epoch]) for each in details)
    return SelectorSet(kind, "group-1", epoch, 604800, values)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer(bytes(range(32)))


def made(signer: Signer, at: datetime = NOW, **changes: Any) -> Signature:
    draft = replace(DRAFT, **{"fingerprints": (prints(TEMPLATE),), **changes})
    return build_signature(draft, signer, AUTHOR, at)


def matched(generation: Generation, request: RequestFeatures, now: datetime = NOW) -> set[str]:
    return {match.signature.id for match in generation.match(request, now).matches}


def test_a_varied_template_is_found_with_its_containment(signer: Signer, worked_examples: Any):
    example = worked_examples["Fingerprints of a prompt"]
    keys = {("group-1", 1): bytes(range(32))}
    values = frozenset(int(value, 16) for value in example["signature"]["fingerprints"])
    signature = made(signer, fingerprints=(FingerprintSet("group-1", 1, 5, 4, values, 60),))
    generation = Generation.compile([signature], keys)
    (match,) = generation.match(RequestFeatures(example["request"]["text"]), NOW).matches
    assert match.signature.id == signature.id
    assert match.containment == 0.75
    assert not match.selected
    assert (
        matched(generation, RequestFeatures("an unrelated text of more than five words")) == set()
    )


def test_two_epochs_of_one_template_count_together(signer: Signer):
    """The share is of all fingerprints of the signature, under whichever key."""
    sets = (prints(TEMPLATE, 1), prints(TEMPLATE, 2))
    both = made(signer, pattern="fp.containment > 0.1", fingerprints=sets)
    (match,) = Generation.compile([both], KEYS).match(RequestFeatures(TEMPLATE), NOW).matches
    assert match.containment == 1.0
    half = Generation.compile([both], {("group-1", 2): b"two"})
    (match,) = half.match(RequestFeatures(TEMPLATE), NOW).matches
    assert match.containment == len(sets[1].values) / sum(len(each.values) for each in sets)


def test_validity_is_kept_to_the_second(signer: Signer):
    signature = made(signer)
    generation = Generation.compile([signature], KEYS)
    request = RequestFeatures(TEMPLATE)
    assert matched(generation, request, signature.valid_from) == {signature.id}
    second = timedelta(seconds=1)
    assert not matched(generation, request, signature.valid_from - second)
    assert matched(generation, request, signature.valid_until - second)
    assert not matched(generation, request, signature.valid_until)


def test_the_latest_version_counts_in_whatever_order_they_come(signer: Signer):
    first = made(signer)
    second = next_version(
        first, replace(DRAFT, fingerprints=(prints(OTHER),)), signer, NOW + timedelta(hours=1)
    )
    gone = revoked_version(second, "error", signer, NOW + timedelta(hours=2))
    later = NOW + timedelta(hours=3)
    for versions in ([first, second], [second, first]):
        generation = Generation.compile(versions, KEYS)
        assert len(generation) == 1
        assert not matched(generation, RequestFeatures(TEMPLATE), later)
        assert matched(generation, RequestFeatures(OTHER), later)
    for versions in ([first, second, gone], [gone, second, first], [second, gone]):
        assert not matched(Generation.compile(versions, KEYS), RequestFeatures(OTHER), later)


def test_a_window_rule_needs_its_window(signer: Signer):
    signature = made(
        signer,
        pattern="fp.containment >= 0.5 && win.accounts >= 50",
        scope=WEEK[0],
        window_s=WEEK[1],
    )
    generation = Generation.compile([signature], KEYS)
    busy, calm = {"win.accounts": 60}, {"win.accounts": 3}
    assert matched(generation, RequestFeatures(TEMPLATE, windows={WEEK: busy})) == {signature.id}
    assert not matched(generation, RequestFeatures(TEMPLATE, windows={WEEK: calm}))
    for windows in ({}, {("account-window", 604800): busy}, {("cluster-window", 3600): busy}):
        findings = generation.match(RequestFeatures(TEMPLATE, windows=windows), NOW)
        assert findings.matches == findings.errors == ()


def test_a_rule_without_fingerprints_is_asked_of_every_request(signer: Signer):
    signature = made(
        signer,
        attack_class="logprob-harvesting",
        pattern="req.asks_logprobs && req.output_tokens < 3",
        fingerprints=(),
    )
    generation = Generation.compile([signature], KEYS)
    asks = {"req.asks_logprobs": True, "req.output_tokens": 1}
    assert matched(generation, RequestFeatures(features=asks)) == {signature.id}
    assert not matched(generation, RequestFeatures(features={**asks, "req.output_tokens": 9}))


def test_an_error_is_no_match_and_told(signer: Signer):
    signature = made(signer, pattern="fp.containment >= 0.5 && req.output_tokens / 0 > 1")
    missing = made(signer, pattern="fp.containment >= 0.5 && req.asks_logprobs")
    generation = Generation.compile([signature, missing], KEYS)
    request = RequestFeatures(TEMPLATE, features={"req.output_tokens": 5})
    findings = generation.match(request, NOW)
    assert findings.matches == ()
    assert set(findings.errors) == {signature.id, missing.id}


def test_a_rule_may_match_what_lacks_its_fingerprints(signer: Signer):
    """Such a rule is asked though no fingerprint is found."""
    signature = made(signer, pattern="fp.containment < 0.5 && req.output_tokens > 10")
    generation = Generation.compile([signature], KEYS)
    request = RequestFeatures(OTHER, features={"req.output_tokens": 11})
    assert matched(generation, request) == {signature.id}


def test_selectors_match_account_details(signer: Signer):
    signature = made(
        signer,
        attack_class="account-linkage",
        pattern="sel.matched",
        fingerprints=(),
        selectors=(selectors("email", "a.person@example.org"), selectors("address", "203.0.113.9")),
    )
    generation = Generation.compile([signature], KEYS)
    for request in (
        RequestFeatures(details={"email": ["x@example.org", "A.Person+new@Example.org"]}),
        RequestFeatures(address="203.0.113.200"),
    ):
        (match,) = generation.match(request, NOW).matches
        assert match.selected
    for request in (
        RequestFeatures(details={"payment": ["a.person@example.org"]}),
        RequestFeatures(details={"email": ["no address", ""]}),
        RequestFeatures(address="203.0.114.9"),
        RequestFeatures(address="unknown"),
    ):
        assert not matched(generation, request)


def test_ranges_match_addresses_and_narrow_a_rule(signer: Signer):
    there = (Range("198.51.100.0/24", "hosting", NOW),)
    alone = made(
        signer,
        attack_class="network-range",
        pattern="[ipv4-addr:value = '198.51.100.0/24']",
        pattern_type="stix",
        fingerprints=(),
        ranges=there,
    )
    narrowed = made(signer, ranges=there)
    generation = Generation.compile([alone, narrowed], KEYS)
    inside, outside = "198.51.100.7", "198.51.101.7"
    assert matched(generation, RequestFeatures(address=inside)) == {alone.id}
    assert matched(generation, RequestFeatures(TEMPLATE, inside)) == {alone.id, narrowed.id}
    assert matched(generation, RequestFeatures(TEMPLATE, outside)) == set()
    assert matched(generation, RequestFeatures(TEMPLATE)) == set()


def test_a_range_that_many_share_leaves_its_signature_out(signer: Signer):
    crowded = made(signer, ranges=(Range("198.51.100.0/24", "hosting", NOW),))
    fine = made(signer)
    generation = Generation.compile([crowded, fine], KEYS, [ip_network("198.51.100.64/26")])
    assert [left.id for left in generation.left_out] == [crowded.id]
    assert matched(generation, RequestFeatures(TEMPLATE, "198.51.100.7")) == {fine.id}


def test_without_its_keys_a_signature_is_left_out(signer: Signer):
    by_prompt = made(signer, fingerprints=(prints(TEMPLATE, 2),))
    by_detail = made(
        signer,
        attack_class="account-linkage",
        pattern="sel.matched",
        fingerprints=(),
        selectors=(selectors("payment", "card", epoch=2),),
    )
    generation = Generation.compile([by_prompt, by_detail, made(signer)], {("group-1", 1): b"one"})
    assert {left.id for left in generation.left_out} == {by_prompt.id, by_detail.id}
    assert len(generation) == 1


def test_one_author_cannot_crowd_out_the_ways_of_others(signer: Signer):
    common = [
        build_signature(
            replace(DRAFT, fingerprints=(prints(TEMPLATE),)), signer, f"{AUTHOR[:-1]}{number}", NOW
        )
        for number in range(2)
    ]
    flood = [made(signer, fingerprints=(prints(TEMPLATE, w=w),)) for w in range(5, 40)]
    generation = Generation.compile([*flood, *common], KEYS)
    assert len(generation.left_out) == len(flood) + 1 - PARAMETERS_MAX
    found = matched(generation, RequestFeatures(TEMPLATE))
    assert {signature.id for signature in common} <= found


def test_an_empty_set_matches_nothing():
    findings = Generation.compile([], KEYS).match(RequestFeatures(TEMPLATE, "198.51.100.7"), NOW)
    assert findings.matches == findings.errors == ()


# --- Against every signature by itself ------------------------------------------------------------

RULES = [
    "fp.containment >= 0.5",
    "fp.containment > 0.0 || req.asks_logprobs && fp.containment == 0.0",
    "!(fp.containment < 0.3) && win.accounts > 5",
    "sel.matched && fp.containment < 1.0",
    "sel.matched || win.accounts > 9 && fp.containment < 0.9",
    "req.output_tokens % 2 == 0 && fp.containment >= 0.0",
]


def random_signature(rng: Random, signer: Signer) -> Signature:
    pattern = rng.choice(RULES)
    texts = [" ".join(rng.choices("abcdef", k=9)) for _ in range(2)]
    scope, window_s = WEEK if "win." in pattern else rng.choice([("request", 0), WEEK])
    return made(
        signer,
        pattern=pattern,
        scope=scope,
        window_s=window_s,
        fingerprints=tuple(
            prints(text, rng.choice([1, 2]), 3, rng.choice([2, 3])) for text in texts
        ),
        selectors=(selectors("payment", *rng.sample("wxyz", 2), epoch=rng.choice([1, 2])),),
        ranges=tuple(
            Range(f"198.51.{third}.0/24", "proxy", NOW)
            for third in rng.sample(range(3), rng.choice([0, 0, 1, 2]))
        ),
    )


def by_itself(signature: Signature, request: RequestFeatures) -> Outcome:
    """What one signature says, computed without the set."""
    scope = (signature.scope, signature.window_s)
    if scope != ("request", 0) and scope not in request.windows:
        return Outcome.NO_MATCH
    address = ip_address(request.address or "192.0.2.1")
    if signature.networks and not any(address in network for network in signature.networks):
        return Outcome.NO_MATCH
    total = hit = 0
    for each in signature.fingerprints:
        own = fingerprints(request.text, KEYS[each.key_id, each.epoch], each.k, each.w)
        total += len(each.values)
        hit += len(each.values & {int(value, 16) for value in own})
    selected = any(
        selector(each.kind, detail, KEYS[each.key_id, each.epoch]) in each.values
        for each in signature.selectors
        for detail in request.details.get(each.kind, ())
    )
    assert signature.rule is not None
    return signature.rule.evaluate(
        {
            **request.features,
            **request.windows.get(scope, {}),
            "fp.containment": hit / total,
            "sel.matched": selected,
        }
    )


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_the_set_says_what_each_signature_says(signer: Signer, seed: int):
    rng = Random(seed)
    signatures = [random_signature(rng, signer) for _ in range(6)]
    generation = Generation.compile(signatures, KEYS)
    for _ in range(4):
        request = RequestFeatures(
            text=" ".join(rng.choices("abcdef", k=rng.choice([0, 2, 9, 60]))),
            address=rng.choice([None, "198.51.0.9", "198.51.1.9", "203.0.113.1"]),
            details=rng.choice([{}, {"payment": rng.sample("uvwxyz", 2)}]),
            features=rng.choice([{}, {"req.asks_logprobs": True, "req.output_tokens": 4}]),
            windows=rng.choice([{}, {WEEK: {"win.accounts": rng.choice([1, 7, 30])}}]),
        )
        findings = generation.match(request, NOW)
        said = {signature.id: by_itself(signature, request) for signature in signatures}
        assert {match.signature.id for match in findings.matches} == {
            identifier for identifier, outcome in said.items() if outcome is Outcome.MATCH
        }
        # A rule that cannot match without a fingerprint or a selector is not asked without one.
        assert set(findings.errors) <= {
            identifier for identifier, outcome in said.items() if outcome is Outcome.ERROR
        }
