"""Signatures, checked by an independent computation."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from drs_reference.signing import Signer, base64url, pre_authentication_encoding

TYPE = "application/vnd.drs.declaration+json"


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(document: dict[str, Any], public_key: str) -> None:
    """PAE written out, JCS by sorted compact JSON (enough for ASCII names and whole numbers)."""
    bare = {name: value for name, value in document.items() if name != "proof"}
    payload = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    message = " ".join(["DSSEv1", str(len(TYPE)), TYPE, str(len(payload)), ""]).encode() + payload
    key = Ed25519PublicKey.from_public_bytes(unpadded(public_key))
    key.verify(unpadded(document["proof"]["signature"]), message)


def test_the_encoding_is_that_of_the_dsse_specification() -> None:
    """The example of DSSE 1.0, protocol.md."""
    encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_signature_verifies_and_a_changed_document_does_not() -> None:
    signer = Signer(bytes(range(32)))
    signed = signer.sign(TYPE, {"b": 1, "a": ["\u00e9", True, None]})
    verify(signed, signer.public_key)
    with pytest.raises(InvalidSignature):
        verify({**signed, "b": 2}, signer.public_key)


def test_an_old_proof_is_not_signed() -> None:
    signer = Signer(bytes(32))
    once = signer.sign(TYPE, {"a": 1})
    assert signer.sign(TYPE, once) == once


def test_the_key_is_that_of_rfc_8032() -> None:
    """Section 7.1, test 1."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signer = Signer(secret)
    assert unpadded(signer.public_key) == public
    assert signer.kid == "ed25519-" + hashlib.sha256(public).hexdigest()[:16]


def test_base64url_has_no_padding() -> None:
    assert base64url(b"\xfb\xff") == "-_8"


def test_the_endpoint_signs_its_declaration(endpoint: Any) -> None:
    declaration = endpoint.call(None, "GET", "/.well-known/distillation-resistance").json()
    (key,) = declaration["keys"]
    verify(declaration, key["public_key"])
    assert declaration["proof"]["kid"] == key["kid"]
