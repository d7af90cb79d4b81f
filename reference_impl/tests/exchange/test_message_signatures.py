"""Signed requests against an independent computation, and everything that must not verify."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from drs_reference.exchange.message_signatures import (
    Message,
    MessageSignatureError,
    SignatureFields,
    sign,
    verify,
)
from drs_reference.exchange.proofs import PublicKey
from drs_reference.exchange.structured_fields import FieldError, InnerList, parse_dictionary
from drs_reference.signing import Signer
from hypothesis import given, settings
from hypothesis import strategies as st

SIGNER = Signer(bytes(range(32)))
KEYS = {SIGNER.kid: PublicKey.of(SIGNER.key_entry())}
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
NONCE = "0123456789abcdef"
MESSAGE = Message("POST", "https://hub.example/g/?a=1", "application/taxii+json", b'{"a":1}')
FIELDS = sign(MESSAGE, SIGNER, NOW, NONCE)


def test_the_fields_are_those_of_the_rfc() -> None:
    """RFC 9421 section 2.5 and RFC 9530 section 2, written out."""
    digest = base64.b64encode(hashlib.sha256(b'{"a":1}').digest()).decode()
    covered = (
        '("@method" "@target-uri" "content-digest" "content-type")'
        f';created=1795780800;keyid="{SIGNER.kid}";nonce="{NONCE}";alg="ed25519"'
    )
    base = "\n".join(
        [
            '"@method": POST',
            '"@target-uri": https://hub.example/g/?a=1',
            f'"content-digest": sha-256=:{digest}:',
            '"content-type": application/taxii+json',
            f'"@signature-params": {covered}',
        ]
    )
    assert FIELDS.content_digest == f"sha-256=:{digest}:"
    assert FIELDS.signature_input == f"drs={covered}"
    raw = base64.b64decode(FIELDS.signature.removeprefix("drs=:").removesuffix(":"))
    key = Ed25519PublicKey.from_public_bytes(KEYS[SIGNER.kid].raw)
    key.verify(raw, base.encode())
    with pytest.raises(InvalidSignature):
        key.verify(raw, base.replace("POST", "PUT").encode())


def test_what_was_signed_verifies() -> None:
    signed = verify(MESSAGE, FIELDS, KEYS, NOW)
    assert (signed.kid, signed.nonce, signed.created) == (SIGNER.kid, NONCE, NOW)


@settings(deadline=None)
@given(st.binary(max_size=200), st.text("abc/?=&%20", min_size=1, max_size=50))
def test_every_message_verifies_with_a_nonce_of_its_own(content: bytes, path: str) -> None:
    message = replace(MESSAGE, content=content, target_uri=f"https://hub.example/{path}")
    fields = sign(message, SIGNER, NOW)
    assert (
        verify(message, fields, KEYS, NOW).nonce
        != verify(message, sign(message, SIGNER, NOW), KEYS, NOW).nonce
    )


@pytest.mark.parametrize(
    "message",
    [
        replace(MESSAGE, method="PUT"),
        replace(MESSAGE, target_uri="https://hub.example/g/?a=2"),
        replace(MESSAGE, target_uri="https://other.example/g/?a=1"),
        replace(MESSAGE, content_type="application/json"),
        replace(MESSAGE, content=b'{"a":2}'),
    ],
)
def test_whatever_else_was_sent_is_refused(message: Message) -> None:
    with pytest.raises(MessageSignatureError):
        verify(message, FIELDS, KEYS, NOW)


@pytest.mark.parametrize(("seconds", "taken"), [(300, True), (301, False)])
def test_the_clock_may_be_off_by_five_minutes(seconds: int, taken: bool) -> None:
    for now in (NOW + timedelta(seconds=seconds), NOW - timedelta(seconds=seconds)):
        if taken:
            verify(MESSAGE, FIELDS, KEYS, now)
        else:
            with pytest.raises(MessageSignatureError, match="300 seconds"):
                verify(MESSAGE, FIELDS, KEYS, now)


INPUT = FIELDS.signature_input


@pytest.mark.parametrize(
    "fields",
    [
        SignatureFields("", "", ""),
        replace(FIELDS, content_digest=""),
        replace(FIELDS, content_digest="sha-512=:AAAA:"),
        replace(FIELDS, content_digest=FIELDS.content_digest + ", sha-256=:AAAA:"),
        replace(FIELDS, signature=""),
        replace(FIELDS, signature="drs=:AAAA:"),
        replace(FIELDS, signature=FIELDS.signature.replace("drs", "sig")),
        replace(FIELDS, signature_input=INPUT.replace('"@method" ', "")),
        replace(FIELDS, signature_input=INPUT.replace('"@method"', '"@method" "@method"')),
        replace(FIELDS, signature_input=INPUT.replace('"@method"', '"@method";req')),
        replace(FIELDS, signature_input=INPUT.replace('"content-digest"', '"date"')),
        replace(FIELDS, signature_input=INPUT.replace("ed25519", "none")),
        replace(FIELDS, signature_input=INPUT.replace(';alg="ed25519"', "")),
        replace(FIELDS, signature_input=INPUT.replace(f';nonce="{NONCE}"', "")),
        replace(FIELDS, signature_input=INPUT.replace(NONCE, "short")),
        replace(FIELDS, signature_input=INPUT.replace(NONCE, NONCE[::-1])),
        replace(FIELDS, signature_input=INPUT.replace(";created=1795780800", "")),
        replace(FIELDS, signature_input=INPUT.replace("1795780800", "1795780801")),
        replace(FIELDS, signature_input=INPUT.replace("1795780800", '"1795780800"')),
        replace(FIELDS, signature_input=INPUT + ";expires=1"),
        replace(FIELDS, signature_input=INPUT + ';nonce="fedcba9876543210"'),
        replace(FIELDS, signature_input=f"{INPUT}, {INPUT}"),
        replace(FIELDS, signature_input="drs=" + "(" * 9000),
    ],
    ids=range(23),
)
def test_fields_that_say_less_or_other_are_refused(fields: SignatureFields) -> None:
    with pytest.raises(MessageSignatureError):
        verify(MESSAGE, fields, KEYS, NOW)


def test_a_key_of_nobody_is_refused() -> None:
    with pytest.raises(MessageSignatureError, match="keyid"):
        verify(MESSAGE, FIELDS, {}, NOW)
    other = PublicKey(SIGNER.kid, PublicKey.of(Signer(bytes(32)).key_entry()).raw)
    with pytest.raises(MessageSignatureError, match="does not fit"):
        verify(MESSAGE, FIELDS, {SIGNER.kid: other}, NOW)


def test_another_signer_on_the_way_does_not_matter() -> None:
    """A proxy adds a signature under a label of its own."""
    both = SignatureFields(
        FIELDS.content_digest,
        f'proxy=("@method");created=1, {INPUT}',
        f"proxy=:AAAA:, {FIELDS.signature}",
    )
    assert verify(MESSAGE, both, KEYS, NOW).kid == SIGNER.kid


def test_components_and_parameters_may_come_in_any_order() -> None:
    covered = InnerList(
        ("content-type", "@target-uri", "@method", "content-digest"),
        {"alg": "ed25519", "nonce": NONCE, "keyid": SIGNER.kid, "created": int(NOW.timestamp())},
    )
    values = {
        "@method": "POST",
        "@target-uri": MESSAGE.target_uri,
        "content-digest": FIELDS.content_digest,
        "content-type": MESSAGE.content_type,
    }
    lines = [f'"{name}": {values[name]}' for name in covered.items]
    base = "\n".join([*lines, f'"@signature-params": {covered}'])
    signature = base64.b64encode(SIGNER.raw(base.encode())).decode()
    # Spaces that the grammar allows do not change what was signed.
    loose = str(covered).replace("(", "(  ").replace(" ", "  ").replace(";", "; ")
    fields = SignatureFields(FIELDS.content_digest, f"any={loose}", f"any=:{signature}:")
    assert verify(MESSAGE, fields, KEYS, NOW).kid == SIGNER.kid


names = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,10}", fullmatch=True)
strings = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
items = st.one_of(st.integers(-(10**15) + 1, 10**15 - 1), strings, st.binary(max_size=20))
lists = st.builds(
    InnerList,
    st.lists(strings, max_size=4).map(tuple),
    st.dictionaries(names, items, max_size=4),
)


@settings(deadline=None)
@given(st.dictionaries(names, lists, max_size=4))
def test_what_is_written_is_read(members: dict[str, InnerList]) -> None:
    text = ", ".join(f"{name}={value}" for name, value in members.items())
    assert parse_dictionary(text) == members


@settings(deadline=None)
@given(st.text(st.sampled_from('ab1=():;,"\\ \t?.é\n'), max_size=60))
def test_whatever_else_comes_is_a_dictionary_or_an_error(text: str) -> None:
    with contextlib.suppress(FieldError):
        assert isinstance(parse_dictionary(text), dict)
