"""Proofs: what an attacker can make of a proven object, and that none of it passes."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from drs_reference.exchange.canonical import NoCanonicalFormError, parse
from drs_reference.exchange.proofs import (
    EXTENSIONS,
    SIGHTING_TYPE,
    SIGNATURE_TYPE,
    ProofError,
    PublicKey,
    check_proof,
    payload,
    proven,
    unbase64url,
)
from drs_reference.signing import Signer, base64url
from hypothesis import given, settings
from hypothesis import strategies as st

OTHER = Signer(b"\x07" * 32)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def keys(*signers: Signer) -> dict[str, PublicKey]:
    return {signer.kid: PublicKey.of(signer.key_entry()) for signer in signers}


def proof(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["extensions"][EXTENSIONS[SIGNATURE_TYPE]]["proof"]
    return found


@pytest.fixture
def signed(template: dict[str, Any], signer: Signer) -> dict[str, Any]:
    return deepcopy(proven(template, SIGNATURE_TYPE, signer))


def test_a_proof_holds_and_names_its_key(signed: dict[str, Any], signer: Signer):
    assert check_proof(signed, SIGNATURE_TYPE, keys(OTHER, signer)).kid == signer.kid


def test_what_is_signed_is_the_encoding_of_the_annex(worked_examples: dict[str, Any]):
    example = worked_examples["What is signed"]
    secret = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert base64url(secret.sign(example["encoding"].encode())) == example["signature"]


def test_the_payload_is_written_out(signed: dict[str, Any]):
    """DSSE and JCS by hand, which for ASCII and these numbers is sorted compact JSON."""
    bare = deepcopy(signed)
    del bare["extensions"][EXTENSIONS[SIGNATURE_TYPE]]["proof"]
    form = json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()
    head = f"DSSEv1 {len(SIGNATURE_TYPE)} {SIGNATURE_TYPE} {len(form)} ".encode()
    assert payload(signed, SIGNATURE_TYPE) == head + form


def test_the_order_of_members_is_no_matter(signed: dict[str, Any], signer: Signer):
    turned = dict(reversed(list(signed.items())))
    assert check_proof(turned, SIGNATURE_TYPE, keys(signer))


@pytest.mark.parametrize("extensions", [None, [], "x", {}, {"a": 1}])
def test_without_a_proof_nothing_is_proven(
    signed: dict[str, Any], signer: Signer, extensions: object
):
    with pytest.raises(ProofError, match="no proof"):
        check_proof({**signed, "extensions": extensions}, SIGNATURE_TYPE, keys(signer))
    del signed["extensions"][EXTENSIONS[SIGNATURE_TYPE]]["proof"]
    with pytest.raises(ProofError, match="no proof"):
        check_proof(signed, SIGNATURE_TYPE, keys(signer))


def test_a_change_after_signing_shows(signed: dict[str, Any], signer: Signer):
    for change in ({"confidence": 86}, {"revoked": True}, {"revoked": False}, {"x": None}):
        with pytest.raises(ProofError, match="does not fit"):
            check_proof({**signed, **change}, SIGNATURE_TYPE, keys(signer))
    extension = EXTENSIONS[SIGNATURE_TYPE]
    signed["extensions"][extension]["max_action"] = "block"
    with pytest.raises(ProofError, match="does not fit"):
        check_proof(signed, SIGNATURE_TYPE, keys(signer))


def test_a_second_extension_is_signed_too(signed: dict[str, Any], signer: Signer):
    signed["extensions"]["extension-definition--other"] = {}
    with pytest.raises(ProofError, match="does not fit"):
        check_proof(signed, SIGNATURE_TYPE, keys(signer))


def test_another_payload_type_does_not_pass(template: dict[str, Any], signer: Signer):
    """A key that signed a sighting of the same words has not signed a signature."""
    extension = template["extensions"].pop(EXTENSIONS[SIGNATURE_TYPE])
    template["extensions"][EXTENSIONS[SIGHTING_TYPE]] = extension
    sighting = proven(template, SIGHTING_TYPE, signer)
    moved = sighting["extensions"].pop(EXTENSIONS[SIGHTING_TYPE])
    sighting["extensions"][EXTENSIONS[SIGNATURE_TYPE]] = moved
    with pytest.raises(ProofError, match="does not fit"):
        check_proof(sighting, SIGNATURE_TYPE, keys(signer))


def test_a_bare_signature_without_the_encoding_does_not_pass(
    signed: dict[str, Any], signer: Signer
):
    form = payload(signed, SIGNATURE_TYPE).split(b" ", 4)[4]
    proof(signed)["signature"] = base64url(signer.raw(form))
    with pytest.raises(ProofError, match="does not fit"):
        check_proof(signed, SIGNATURE_TYPE, keys(signer))


def test_the_key_of_another_does_not_pass(template: dict[str, Any], signer: Signer):
    foreign = proven(template, SIGNATURE_TYPE, OTHER)
    with pytest.raises(ProofError, match="which its author has not"):
        check_proof(foreign, SIGNATURE_TYPE, keys(signer))
    foreign = deepcopy(foreign)
    proof(foreign)["kid"] = signer.kid
    with pytest.raises(ProofError, match="does not fit"):
        check_proof(foreign, SIGNATURE_TYPE, keys(signer))


@pytest.mark.parametrize("kid", [None, 1, [], {}, "", "none"])
def test_a_kid_that_is_no_key_does_not_pass(signed: dict[str, Any], signer: Signer, kid: object):
    proof(signed)["kid"] = kid
    with pytest.raises(ProofError, match="has not"):
        check_proof(signed, SIGNATURE_TYPE, keys(signer))


@pytest.mark.parametrize("value", [None, 5, "", "A" * 85, "A" * 86, "=" * 86, "\u0430" * 86, "A A"])
def test_a_signature_that_is_none_does_not_pass(
    signed: dict[str, Any], signer: Signer, value: object
):
    proof(signed)["signature"] = value
    with pytest.raises(ProofError):
        check_proof(signed, SIGNATURE_TYPE, keys(signer))


def test_a_signature_has_one_spelling(signed: dict[str, Any], signer: Signer):
    """The last of 86 characters has four bits beyond the last byte; 16 spellings, one passes."""
    spelled = str(proof(signed)["signature"])
    last = ALPHABET.index(spelled[-1])
    for beyond in range(1, 16):
        proof(signed)["signature"] = spelled[:-1] + ALPHABET[last | beyond]
        with pytest.raises(ProofError, match="one form"):
            check_proof(signed, SIGNATURE_TYPE, keys(signer))
    for variant in (spelled + "==", spelled + "\n", " " + spelled):
        proof(signed)["signature"] = variant
        with pytest.raises(ProofError):
            check_proof(signed, SIGNATURE_TYPE, keys(signer))


def test_a_signature_plus_the_order_of_the_group_does_not_pass(
    signed: dict[str, Any], signer: Signer
):
    """RFC 8032, section 5.1.7: S is below the order, or one proof had two forms."""
    raw = unbase64url(str(proof(signed)["signature"]))
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(raw[32:], "little") + order
    proof(signed)["signature"] = base64url(raw[:32] + scalar.to_bytes(32, "little"))
    with pytest.raises(ProofError, match="does not fit"):
        check_proof(signed, SIGNATURE_TYPE, keys(signer))


def test_an_object_without_canonical_form_is_not_proven(signed: dict[str, Any], signer: Signer):
    with pytest.raises(ProofError, match="exactly"):
        check_proof({**signed, "confidence": 2**53}, SIGNATURE_TYPE, keys(signer))


def test_a_member_that_stands_twice_never_comes_to_a_proof(
    signed: dict[str, Any],
):
    text = json.dumps(signed)
    twice = '{"confidence": 1, ' + text[1:]
    with pytest.raises(NoCanonicalFormError, match="twice"):
        parse(twice.encode())


@pytest.mark.parametrize(
    "entry",
    [
        {"kid": "a", "alg": "none", "public_key": base64url(bytes(32))},
        {"kid": "a", "alg": "EdDSA", "public_key": base64url(bytes(32))},
        {"kid": "a", "public_key": base64url(bytes(32))},
        {"kid": "a", "alg": "Ed25519", "public_key": base64url(bytes(31))},
        {"kid": "a", "alg": "Ed25519", "public_key": "*"},
    ],
)
def test_only_keys_of_ed25519_are_taken(entry: dict[str, str]):
    with pytest.raises(ProofError):
        PublicKey.of(entry)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_base64url_has_one_spelling(data: bytes):
    spelled = base64url(data)
    assert unbase64url(spelled) == data
    assert base64.urlsafe_b64encode(data).rstrip(b"=").decode() == spelled


@settings(deadline=None)
@given(st.text(ALPHABET + "=+/ \n\u0430", max_size=12))
def test_whatever_is_read_is_written_the_same(text: str):
    try:
        data = unbase64url(text)
    except ProofError:
        return
    assert base64url(data) == text
