"""Signatures of documents: Ed25519 over DSSE PAE over JCS (RFC 8032, DSSE 1.0, RFC 8785)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DECLARATION_TYPE = "application/vnd.drs.declaration+json"


def base64url(data: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What DSSE signs: version, type and payload, each with its length in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(public_key: bytes) -> str:
    """The ``kid`` of the 32 bytes of a public key."""
    return "ed25519-" + hashlib.sha256(public_key).hexdigest()[:16]


class Signer:
    """An Ed25519 key; ``kid`` is derived from the public key."""

    def __init__(self, seed: bytes) -> None:
        """``seed`` is the 32-byte private key of RFC 8032."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public_key = base64url(public)
        self.kid = key_id(public)

    def key_entry(self) -> dict[str, str]:
        """The entry for ``keys`` of a document."""
        return {"kid": self.kid, "alg": "Ed25519", "public_key": self.public_key}

    def raw(self, message: bytes) -> bytes:
        """The 64 bytes of the signature of ``message`` as it is."""
        return self._key.sign(message)

    def sign(self, payload_type: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """``document`` with a fresh ``proof``; an old one is dropped."""
        bare = {name: value for name, value in document.items() if name != "proof"}
        message = pre_authentication_encoding(payload_type, rfc8785.dumps(bare))
        signature = base64url(self.raw(message))
        return {**bare, "proof": {"kid": self.kid, "signature": signature}}
