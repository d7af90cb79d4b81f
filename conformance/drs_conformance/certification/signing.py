"""Ed25519 keys, and signatures by them over documents.

What is signed is the pre-authentication encoding of DSSE over a payload type and the JCS form of
the document (RFC 8032, DSSE 1.0, RFC 8785), as it is for declarations.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from drs_conformance.dsse import base64url, pre_authentication_encoding

__all__ = ["BadSignature", "KeyFault", "SigningKey", "check_signature", "key_id", "read_public_key"]


class KeyFault(Exception):
    """A key file cannot be read, is no Ed25519 key, or cannot be written."""


class BadSignature(Exception):
    """A signature does not verify."""


class SigningKey:
    """A private key. Neither `repr` nor `str` shows it."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Use `SigningKey.generate` or `SigningKey.read` instead."""
        self._key = key
        self.public_key = base64url(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        self.kid = key_id(self.public_key)

    @classmethod
    def generate(cls) -> SigningKey:
        """Draw a new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """Read a private key in PEM. Raises `KeyFault`."""
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise KeyFault(f"could not read the key {path}: {error.strerror}") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyFault(
                f"expected a private Ed25519 key in PEM without a password in {path}; "
                "`drs witness keygen` makes one"
            ) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFault(f"expected an Ed25519 key in {path}, got one of another kind")
        return cls(key)

    def write(self, path: Path) -> Path:
        """Write the private key to `path` (mode 0600) and the public one beside it, as `.pub`.

        Returns the path of the public key. Raises `KeyFault`; nothing is overwritten.
        """
        public = path.with_name(f"{path.name}.pub")
        private_text = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public_text = self._key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        try:
            for file, content, mode in ((path, private_text, 0o600), (public, public_text, 0o644)):
                handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
                with os.fdopen(handle, "wb") as stream:
                    stream.write(content)
        except OSError as error:
            raise KeyFault(f"could not write the key {error.filename}: {error.strerror}") from None
        return public

    def sign(self, payload_type: str, document: Mapping[str, Any]) -> dict[str, str]:
        """Return the signature over a document, as the schemas have it."""
        message = _encoded(payload_type, document)
        return {
            "kid": self.kid,
            "public_key": self.public_key,
            "signature": base64url(self._key.sign(message)),
        }


def key_id(public_key: str) -> str:
    """Return the identifier of a public key in base64url."""
    return f"ed25519-{hashlib.sha256(_bytes(public_key)).hexdigest()[:16]}"


def read_public_key(path: Path) -> str:
    """Return the public key in a PEM file as base64url. Raises `KeyFault`."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise KeyFault(f"could not read the key {path}: {error.strerror}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFault(f"expected a public Ed25519 key in PEM in {path}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFault(f"expected an Ed25519 key in {path}, got one of another kind")
    return base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def check_signature(
    signature: Mapping[str, str], payload_type: str, document: Mapping[str, Any]
) -> None:
    """Check a signature over a document under the public key that it names.

    Whether that key is one to trust is for the caller. Raises `BadSignature`.
    """
    try:
        if key_id(signature["public_key"]) != signature["kid"]:
            raise BadSignature(f"{signature['kid']} is not the name of the key that stands there")
        key = Ed25519PublicKey.from_public_bytes(_bytes(signature["public_key"]))
        key.verify(_bytes(signature["signature"]), _encoded(payload_type, document))
    except (InvalidSignature, ValueError, binascii.Error):
        raise BadSignature(f"the signature by {signature['kid']} does not verify") from None


def _encoded(payload_type: str, document: Mapping[str, Any]) -> bytes:
    return pre_authentication_encoding(payload_type, rfc8785.dumps(dict(document)))


def _bytes(text: str) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        raise ValueError("expected base64url in its only form")
    return data
