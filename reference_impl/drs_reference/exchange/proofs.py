"""The proof that a signature or a sighting carries: by whom it was made, as it is.

Ed25519 (RFC 8032) over the DSSE pre-authentication encoding of the payload type and the canonical
form of the whole object without the ``proof`` of its extension (chapter Signatures, Form).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drs_reference.exchange.canonical import NoCanonicalFormError, canonical
from drs_reference.signing import Signer, base64url, pre_authentication_encoding

SIGNATURE_TYPE = "application/vnd.drs.signature+json"
SIGHTING_TYPE = "application/vnd.drs.sighting+json"
EXTENSIONS = {
    SIGNATURE_TYPE: "extension-definition--6d1f0b52-3c0e-4f5a-9a44-0d8f7f2c5b10",
    SIGHTING_TYPE: "extension-definition--0f4a2a6e-7a51-4b53-8f0a-6c1d2b9e4a77",
}
"""Where an object of each payload type has its ``proof``, below ``extensions``."""


class ProofError(Exception):
    """An object is not proven; the message says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that proofs are held against; ``raw`` has 32 bytes."""

    kid: str
    raw: bytes

    @classmethod
    def of(cls, entry: Mapping[str, str]) -> PublicKey:
        """The key of an entry such as ``Signer.key_entry`` makes. Raises ``ProofError``."""
        if entry.get("alg") != "Ed25519":
            raise ProofError(f"a key has the algorithm {entry.get('alg')!r}; expected Ed25519")
        raw = unbase64url(entry["public_key"])
        if len(raw) != 32:
            raise ProofError(f"a public key has {len(raw)} bytes; expected 32")
        return cls(entry["kid"], raw)


def unbase64url(text: str) -> bytes:
    """RFC 4648 section 5 without padding, in its one form. Raises ``ProofError``."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofError(f"not base64url without padding: {error}") from error
    if base64url(data) != text:
        raise ProofError("not base64url in its one form: bits beyond the last byte, or padding")
    return data


def payload(document: Mapping[str, Any], kind: str) -> bytes:
    """What is signed: the encoding of ``kind`` and of the object without its proof."""
    name = EXTENSIONS[kind]
    extension = {k: v for k, v in document["extensions"][name].items() if k != "proof"}
    extensions = {**document["extensions"], name: extension}
    return pre_authentication_encoding(kind, canonical({**document, "extensions": extensions}))


def proven(document: Mapping[str, Any], kind: str, signer: Signer) -> dict[str, Any]:
    """The object with a fresh proof by ``signer``; an old one is dropped."""
    name = EXTENSIONS[kind]
    proof = {"kid": signer.kid, "signature": base64url(signer.raw(payload(document, kind)))}
    extension = {**document["extensions"][name], "proof": proof}
    return {**document, "extensions": {**document["extensions"], name: extension}}


def check_proof(document: Mapping[str, Any], kind: str, keys: Mapping[str, PublicKey]) -> PublicKey:
    """The key, of those by ``kid``, that made the object's proof. Raises ``ProofError``."""
    proof: Any = document
    for name in ("extensions", EXTENSIONS[kind], "proof"):
        proof = proof.get(name)
        if not isinstance(proof, Mapping):
            raise ProofError("the object carries no proof")
    key = keys.get(str(proof.get("kid")))
    if key is None:
        raise ProofError(f"the proof names the key {proof.get('kid')!r}, which its author has not")
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(
            unbase64url(str(proof.get("signature"))), payload(document, kind)
        )
    except NoCanonicalFormError as error:
        raise ProofError(str(error)) from error
    except InvalidSignature as error:
        raise ProofError(f"the proof by {key.kid} does not fit the object") from error
    return key
