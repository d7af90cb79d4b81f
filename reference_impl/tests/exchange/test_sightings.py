"""Sightings: counts without a user, never laxer than the signature, signed by who saw it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drs_reference.exchange.proofs import SIGHTING_TYPE, ProofError, PublicKey, check_proof
from drs_reference.exchange.sightings import (
    Seen,
    SightingError,
    account_range,
    build_sighting,
    read_sighting,
)
from drs_reference.exchange.signature import Signature, read_signature
from drs_reference.signing import Signer
from drs_reference.standard import standard_root
from hypothesis import given, settings
from hypothesis import strategies as st

Made = Callable[..., bytes]
EXAMPLES = standard_root() / "schemas/0.1/examples"
MEMBER = "identity--aa1c9f0a-7c1d-4e2b-8f3a-2a4b6c8d0e1f"
NOW = datetime(2026, 11, 11, 8, tzinfo=UTC)
SEEN = Seen(
    outcome="confirmed",
    independent=True,
    count=118,
    accounts=73,
    first_seen=NOW - timedelta(days=1),
    last_seen=NOW - timedelta(hours=1),
    benign_windows=30000,
    benign_matches=2,
    action="throttle",
)


@pytest.fixture
def signature(changed: Made) -> Signature:
    return read_signature(changed())


@pytest.mark.parametrize("path", sorted((EXAMPLES / "valid/sighting").glob("*.json")))
def test_the_examples_are_read(path: Any):
    document = json.loads(path.read_text("utf-8"))
    sighting = read_sighting(json.dumps(document).encode())
    assert sighting.document == document
    assert sighting.outcome == path.stem


@pytest.mark.parametrize("path", sorted((EXAMPLES / "invalid/sighting").glob("*.json")))
def test_the_counterexamples_are_not(path: Any):
    instance = json.loads(path.read_text("utf-8"))["instance"]
    with pytest.raises(SightingError) as refused:
        read_sighting(json.dumps(instance).encode())
    assert refused.value.reason == "schema"


def test_a_sighting_is_built_proven_and_marked_as_its_signature(
    signature: Signature, signer: Signer
):
    made = build_sighting(signature, SEEN, signer, MEMBER, NOW)
    keys = {signer.kid: PublicKey.of(signer.key_entry())}
    assert check_proof(made.document, SIGHTING_TYPE, keys)
    assert (made.signature, made.signature_seq, made.tlp) == (signature.id, 4, signature.tlp)
    assert made.accounts == "50-499"
    assert "73" not in json.dumps(made.document["extensions"])
    tampered = {**made.document, "count": 119}
    with pytest.raises(ProofError):
        check_proof(tampered, SIGHTING_TYPE, keys)


def test_a_marking_may_be_stricter_and_never_laxer(signature: Signature, signer: Signer):
    assert build_sighting(signature, SEEN, signer, MEMBER, NOW, tlp="TLP:RED").tlp == "TLP:RED"
    for tlp in ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER"):
        with pytest.raises(SightingError) as refused:
            build_sighting(signature, SEEN, signer, MEMBER, NOW, tlp=tlp)
        assert refused.value.reason == "marking"


def test_no_stronger_action_than_the_author_allows(signature: Signature, signer: Signer):
    with pytest.raises(SightingError, match="allows throttle"):
        build_sighting(signature, replace(SEEN, action="block"), signer, MEMBER, NOW)


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("order", {"last_seen": SEEN.first_seen - timedelta(seconds=1)}),
        ("content", {"count": 0}),
        ("content", {"accounts": 0}),
        ("content", {"outcome": "not-seen"}),
        ("content", {"count": 0, "accounts": 0}),
        ("content", {"benign_matches": 30001}),
        ("content", {"outcome": "false-positive", "benign_matches": 0}),
        ("schema", {"outcome": "maybe"}),
        ("schema", {"count": 10**9}),
    ],
)
def test_counts_fit_each_other(
    signature: Signature, signer: Signer, reason: str, changes: dict[str, Any]
):
    with pytest.raises(SightingError) as refused:
        build_sighting(signature, replace(SEEN, **changes), signer, MEMBER, NOW)
    assert refused.value.reason == reason


def test_versions_rise(signature: Signature, signer: Signer):
    first = build_sighting(signature, SEEN, signer, MEMBER, NOW)
    later = replace(SEEN, count=200)
    hour = timedelta(hours=1)
    second = build_sighting(signature, later, signer, MEMBER, NOW + hour, old=first)
    assert second.newer_than(first)
    assert (second.id, second.seq, second.count) == (first.id, 2, 200)
    with pytest.raises(SightingError) as refused:
        first.check_follows(second)
    assert refused.value.reason == "version"
    with pytest.raises(SightingError):
        build_sighting(signature, later, signer, MEMBER, NOW - hour, old=first)


def test_a_sighting_of_another_or_of_a_later_version_does_not_fit(
    signature: Signature, signer: Signer, changed: Made
):
    sighting = build_sighting(signature, SEEN, signer, MEMBER, NOW)

    def earlier(document: dict[str, Any], extension: dict[str, Any]) -> None:
        extension["seq"] = 3

    def other(document: dict[str, Any], extension: dict[str, Any]) -> None:
        document["id"] = document["id"][:-1] + "0"

    for change in (earlier, other):
        with pytest.raises(SightingError) as refused:
            sighting.check_about(read_signature(changed(change)))
        assert refused.value.reason == "signature"


@pytest.mark.parametrize(
    ("count", "name"),
    [(0, "0"), (1, "1-49"), (49, "1-49"), (50, "50-499"), (4999, "500-4999"), (5000, "5000+")],
)
def test_accounts_are_told_as_ranges(count: int, name: str):
    assert account_range(count) == name


def test_no_number_of_accounts_is_negative():
    with pytest.raises(ValueError, match="expected"):
        account_range(-1)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes):
    with pytest.raises(SightingError):
        read_sighting(body)
