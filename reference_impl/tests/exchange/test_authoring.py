"""Authoring: what an author makes is what every member accepts, and nothing else leaves."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from drs_reference.binomial import upper_limit
from drs_reference.exchange.authoring import (
    Draft,
    Evidence,
    Range,
    build_signature,
    next_version,
    revoked_version,
)
from drs_reference.exchange.benign import BenignLine, BenignSample
from drs_reference.exchange.campaigns import (
    Campaign,
    GroupKey,
    NotPublishableError,
    Terms,
    campaign_signature,
)
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.proofs import SIGNATURE_TYPE, PublicKey, check_proof
from drs_reference.exchange.signature import (
    FingerprintSet,
    Signature,
    SignatureError,
    read_signature,
)
from drs_reference.exchange.winnowing import containment, fingerprints, written
from drs_reference.signing import Signer

AUTHOR = "identity--5b1c9f0a-7c1d-4e2b-8f3a-2a4b6c8d0e1f"
NOW = datetime(2026, 11, 10, 8, 0, 0, 123456, tzinfo=UTC)
EVIDENCE = Evidence(
    accounts=431,
    requests=90211,
    first_seen=NOW - timedelta(days=9),
    last_seen=NOW - timedelta(hours=8),
    false_positive_rate=0.0003,
    benign_windows=29956,
    benign_corpus="sha256:" + "c0" * 32,
)
DRAFT = Draft(
    name="One template over hundreds of accounts",
    description="Variations of a grading template.",
    attack_class="prompt-structure",
    pattern="fp.containment >= 0.6 && win.accounts >= 50",
    max_action="throttle",
    confidence=80,
    evidence=EVIDENCE,
    scope="cluster-window",
    window_s=604800,
    fingerprints=(FingerprintSet("group-1", 2958, 5, 4, frozenset([1, 2**64 - 1]), 60),),
)


def proven_by(signature: Signature, signer: Signer) -> bool:
    keys = {signer.kid: PublicKey.of(signer.key_entry())}
    return check_proof(signature.document, SIGNATURE_TYPE, keys).kid == signer.kid


def test_a_signature_is_built_as_members_read_it(signer: Signer):
    made = build_signature(DRAFT, signer, AUTHOR, NOW)
    assert proven_by(made, signer)
    assert read_signature(canonical(made.document)) == made
    assert (made.author, made.seq, made.revoked) == (AUTHOR, 1, False)
    assert made.document["created"] == made.document["modified"] == "2026-11-10T08:00:00.123Z"
    assert made.valid_until - made.valid_from == timedelta(days=14)
    assert made.active(NOW)
    (extension,) = made.document["extensions"].values()
    assert extension["features"] == [{"name": "win.accounts", "type": "int"}]
    assert made.fingerprints == DRAFT.fingerprints


def test_two_signatures_have_two_ids(signer: Signer):
    one, other = (build_signature(DRAFT, signer, AUTHOR, NOW) for _ in range(2))
    assert one.id != other.id


def test_ranges_make_a_signature_of_their_own(signer: Signer):
    draft = replace(
        DRAFT,
        attack_class="network-range",
        pattern="[ipv4-addr:value = '198.51.100.0/24']",
        pattern_type="stix",
        scope="request",
        window_s=0,
        fingerprints=(),
        ranges=(Range("198.51.100.0/24", "hosting", NOW),),
    )
    made = build_signature(draft, signer, AUTHOR, NOW)
    assert made.rule is None
    assert [str(network) for network in made.networks] == ["198.51.100.0/24"]


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("validity", {"validity": timedelta(days=30, microseconds=1000)}),
        ("validity", {"retention": timedelta(days=-1)}),
        ("rule", {"pattern": "fp.containment >= "}),
        ("rule", {"pattern": "win.age > 3"}),
        ("rule", {"pattern": "sel.matched"}),
        ("rule", {"pattern": "true"}),
        ("content", {"attack_class": "network-range"}),
        ("marking", {"tlp": "TLP:WHITE"}),
        ("schema", {"confidence": 101}),
        ("schema", {"max_action": "terminate"}),
        ("privacy", {"description": "As jo.doe@example.org does."}),
        ("privacy", {"description": "They send rank the two answers below."}),
    ],
)
def test_nothing_leaves_that_members_would_refuse(
    signer: Signer, reason: str, changes: dict[str, object]
):
    with pytest.raises(SignatureError) as refused:
        build_signature(
            replace(DRAFT, **changes),  # type: ignore[arg-type]
            signer,
            AUTHOR,
            NOW,
            forbidden=["Rank the two answers below by the rubric"],
        )
    assert refused.value.reason == reason


def test_the_next_version_keeps_its_name_and_rises(signer: Signer):
    first = build_signature(DRAFT, signer, AUTHOR, NOW)
    second = next_version(first, replace(DRAFT, confidence=90), signer, NOW + timedelta(days=1))
    second.check_follows(first)
    assert (second.id, second.created, second.seq) == (first.id, first.created, 2)
    assert second.confidence == 90
    assert second.valid_from > first.valid_from
    assert proven_by(second, signer)


def test_versions_rise_when_the_clock_stands_still_or_goes_back(signer: Signer):
    version = build_signature(DRAFT, signer, AUTHOR, NOW)
    for now in (NOW, NOW - timedelta(days=2), NOW):
        newer = next_version(version, DRAFT, signer, now)
        assert newer.modified > version.modified
        version = newer


def test_a_revocation_says_why_and_changes_nothing_else(signer: Signer):
    first = build_signature(DRAFT, signer, AUTHOR, NOW)
    gone = revoked_version(first, "false-positives", signer, NOW + timedelta(hours=1))
    gone.check_follows(first)
    assert gone.revoked
    assert not gone.active(NOW + timedelta(hours=2))
    assert proven_by(gone, signer)
    (extension,) = gone.document["extensions"].values()
    assert extension["revocation_reason"] == "false-positives"
    assert gone.fingerprints == first.fingerprints
    again = revoked_version(gone, "error", signer, NOW + timedelta(hours=2))
    assert again.seq == 3
    with pytest.raises(SignatureError):
        revoked_version(first, "because", signer, NOW)
    with pytest.raises(SignatureError, match="stays so"):
        next_version(gone, DRAFT, signer, NOW + timedelta(hours=3))


# --- From a campaign ----------------------------------------------------------------------------

GROUP = GroupKey(bytes(range(32)), "group-1", 2958)
TERMS = Terms(
    name="A grading template",
    description="Many accounts vary one template that asks for marks.",
    max_action="throttle",
    confidence=80,
)
SUBJECTS = [
    "rivers",
    "bridges",
    "poems",
    "taxes",
    "engines",
    "planets",
    "gardens",
    "recipes",
    "maps",
    "violins",
]


def campaign(accounts: int = 80) -> Campaign:
    rng = Random(3)
    texts = {
        f"a{number}": [
            f"Compare both drafts on {rng.choice(SUBJECTS)} {rng.getrandbits(30)} and decide which "
            "of them explains its reasoning in the clearer way, then state a mark between one and "
            f"ten with a justification of exactly three sentences about {rng.getrandbits(30)}"
            for _ in range(3)
        ]
        for number in range(accounts)
    }
    return Campaign(texts, NOW - timedelta(days=3), NOW - timedelta(hours=1))


def benign(lines: int = 4000, **features: object) -> BenignSample:
    rng = Random(4)
    texts = [
        f"what do you know about {one} and {other}, I have {rng.getrandbits(16)} of them"
        for one in SUBJECTS
        for other in SUBJECTS
    ]
    made = (BenignLine(texts[number % 100], features=features) for number in range(lines))
    return BenignSample(tuple(made), "sha256:" + "ab" * 32)


def test_a_campaign_becomes_a_signature_in_one_call(signer: Signer):
    found = campaign()
    made = campaign_signature(found, benign(), GROUP, TERMS, signer, AUTHOR, NOW)
    assert proven_by(made, signer)
    (extension,) = made.document["extensions"].values()
    assert extension["evidence"]["accounts"] == 80
    assert extension["evidence"]["requests"] <= 240
    assert extension["evidence"]["benign_windows"] == 4000
    assert extension["evidence"]["false_positive_rate"] == pytest.approx(1 - 0.025 ** (1 / 4000))
    assert made.fingerprints[0].accounts_min >= 50
    published = written(made.fingerprints[0].values)
    rule = made.rule
    assert rule is not None
    hits = [
        rule.matches(
            {"fp.containment": containment(published, fingerprints(text, GROUP.key, 5, 4))}
        )
        for texts in found.texts_by_account.values()
        for text in texts
    ]
    assert sum(hits) >= 0.9 * len(hits)


def test_a_condition_of_the_window_is_part_of_the_rule(signer: Signer):
    terms = replace(TERMS, condition="win.accounts >= 50", scope="cluster-window", window_s=604800)
    corpus = benign(**{"win.accounts": 1})
    made = campaign_signature(campaign(), corpus, GROUP, terms, signer, AUTHOR, NOW)
    assert made.rule is not None
    assert made.rule.variables == {"fp.containment", "win.accounts"}
    assert not made.rule.matches({"fp.containment": 1.0, "win.accounts": 49})


@pytest.mark.parametrize(
    ("found", "corpus", "terms", "said"),
    [
        (campaign(49), benign(10), TERMS, "at least 50 accounts"),
        (campaign(), benign(0), TERMS, "without benign windows"),
        (campaign(), benign(100), TERMS, "of 100 tried"),
        (
            campaign(),
            BenignSample(
                tuple(map(BenignLine, campaign().texts_by_account["a1"])) * 1334,
                "sha256:" + "0" * 64,
            ),
            TERMS,
            "none of the benign corpus",
        ),
        (
            campaign(),
            benign(),
            replace(TERMS, condition="win.accounts >= 50", scope="cluster-window", window_s=604800),
            "no line of the benign sample",
        ),
    ],
    ids=["few accounts", "no corpus", "small corpus", "popular prompt", "nothing to look at"],
)
def test_what_may_not_be_published_is_not(
    signer: Signer, found: Campaign, corpus: BenignSample, terms: Terms, said: str
):
    with pytest.raises(NotPublishableError, match=said):
        campaign_signature(found, corpus, GROUP, terms, signer, AUTHOR, NOW)


def test_a_description_in_the_words_of_users_is_refused(signer: Signer):
    terms = replace(
        TERMS,
        description="They decide which of them explains its reasoning.",
    )
    with pytest.raises(SignatureError) as refused:
        campaign_signature(campaign(), benign(), GROUP, terms, signer, AUTHOR, NOW)
    assert refused.value.reason == "privacy"


@pytest.mark.parametrize("count", [0, 1, 3, 12])
@pytest.mark.parametrize("trials", [20, 300])
def test_the_bound_is_that_of_clopper_and_pearson(count: int, trials: int):
    """At the bound, as few matches or fewer have the probability 2.5%, summed as they are."""
    rate = upper_limit(count, trials, 0.025)
    exact = sum(
        math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(count + 1)
    )
    assert exact == pytest.approx(0.025, rel=1e-6)
    assert rate > count / trials


def test_the_bound_at_its_ends():
    assert upper_limit(5, 5, 0.025) == 1.0
    assert upper_limit(0, 29956, 0.025) == pytest.approx(0.000123, rel=0.01)
    for count, trials in ((-1, 5), (6, 5), (0, 0)):
        with pytest.raises(ValueError, match="expected"):
            upper_limit(count, trials, 0.025)
