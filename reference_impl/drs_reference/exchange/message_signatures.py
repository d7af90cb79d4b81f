"""Signed requests: HTTP message signatures (RFC 9421) with Ed25519 over a digest (RFC 9530).

The profile is narrow, so that nothing of a request that counts is left unsigned: the method, the
whole target URI, the digest of the content and its type are covered, and the signature says when
it was made, by which key, and a nonce.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drs_reference.exchange.proofs import PublicKey
from drs_reference.exchange.structured_fields import (
    FieldError,
    InnerList,
    Item,
    parse_dictionary,
    write_bytes,
)
from drs_reference.signing import Signer

SKEW = timedelta(seconds=300)
"""By how much clocks may differ, and how long a signature may take to arrive."""
COVERED = ("@method", "@target-uri", "content-digest", "content-type")
_PARAMETERS = ("created", "keyid", "nonce", "alg")
_ALGORITHM = "ed25519"
_LABEL = "drs"
_NONCE = re.compile(r"[A-Za-z0-9._~+/=-]{16,128}")


class MessageSignatureError(Exception):
    """A request is not signed as it must be; the message says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request. ``target_uri`` is absolute, as the sender wrote it, with its query."""

    method: str
    target_uri: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SignatureFields:
    """The fields that a signature adds, each as one value."""

    content_digest: str
    signature_input: str
    signature: str

    def headers(self) -> dict[str, str]:
        """The fields by their names."""
        return {
            "Content-Digest": self.content_digest,
            "Signature-Input": self.signature_input,
            "Signature": self.signature,
        }


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that held. Whoever verified it still has to refuse a nonce that came before."""

    kid: str
    nonce: str
    created: datetime


def sign(
    message: Message, signer: Signer, created: datetime, nonce: str | None = None
) -> SignatureFields:
    """The fields to send with ``message``; the nonce is fresh where none is given."""
    parameters: dict[str, Item] = {
        "created": int(created.timestamp()),
        "keyid": signer.kid,
        "nonce": nonce or secrets.token_urlsafe(24),
        "alg": _ALGORITHM,
    }
    covered = InnerList(COVERED, parameters)
    digest = f"sha-256={write_bytes(hashlib.sha256(message.content).digest())}"
    signature = signer.raw(_base(message, digest, covered))
    return SignatureFields(digest, f"{_LABEL}={covered}", f"{_LABEL}={write_bytes(signature)}")


def verify(
    message: Message, fields: SignatureFields, keys: Mapping[str, PublicKey], now: datetime
) -> Signed:
    """Hold a request against the keys, by ``kid``, that its sender may use.

    Raises ``MessageSignatureError``.
    """
    covered, signature = _parsed(fields)
    _check_digest(message.content, fields.content_digest)
    created, kid, nonce = _parameters(covered)
    if abs(now.timestamp() - created) > SKEW.total_seconds():
        raise MessageSignatureError(
            f"the signature was made at {created}, more than {SKEW.seconds} seconds from now"
        )
    key = keys.get(kid)
    if key is None:
        raise MessageSignatureError("keyid names no key that the sender may use now")
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(
            signature, _base(message, fields.content_digest, covered)
        )
    except InvalidSignature as error:
        raise MessageSignatureError(f"the signature by {kid} does not fit the request") from error
    return Signed(kid, nonce, datetime.fromtimestamp(created, now.tzinfo))


def _base(message: Message, digest: str, covered: InnerList) -> bytes:
    """The signature base (RFC 9421 section 2.5)."""
    values = {
        "@method": message.method,
        "@target-uri": message.target_uri,
        "content-digest": digest.strip(),
        "content-type": message.content_type.strip(),
    }
    lines = [f'"{name}": {values[name]}' for name in covered.items]
    return "\n".join([*lines, f'"@signature-params": {covered}']).encode()


def _parsed(fields: SignatureFields) -> tuple[InnerList, bytes]:
    try:
        name = "Signature-Input"
        inputs = parse_dictionary(fields.signature_input)
        name = "Signature"
        signatures = parse_dictionary(fields.signature)
    except FieldError as error:
        raise MessageSignatureError(f"{name} {error}") from error
    # Something on the way may have signed too; its label is its own.
    label = next(iter(inputs), "") if len(inputs) == 1 else _LABEL
    covered, signature = inputs.get(label), signatures.get(label)
    if not isinstance(covered, InnerList) or not isinstance(signature, bytes):
        raise MessageSignatureError(
            f"Signature-Input and Signature must both have the member {label or _LABEL}"
        )
    if sorted(covered.items) != sorted(COVERED):
        raise MessageSignatureError(f"the signature must cover {', '.join(COVERED)}, each once")
    return covered, signature


def _parameters(covered: InnerList) -> tuple[int, str, str]:
    given = covered.parameters
    if given.keys() != set(_PARAMETERS):
        raise MessageSignatureError(
            f"the signature must have the parameters {', '.join(_PARAMETERS)}, and no other"
        )
    created, kid, nonce = given["created"], given["keyid"], given["nonce"]
    if given["alg"] != _ALGORITHM:
        raise MessageSignatureError(f"the algorithm must be {_ALGORITHM}")
    if not isinstance(created, int) or not isinstance(kid, str):
        raise MessageSignatureError("created must be a number and keyid a string")
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise MessageSignatureError("the nonce must have 16 to 128 letters, digits or signs")
    return created, kid, nonce


def _check_digest(content: bytes, field: str) -> None:
    try:
        stated = parse_dictionary(field).get("sha-256")
    except FieldError as error:
        raise MessageSignatureError(f"Content-Digest {error}") from error
    actual = hashlib.sha256(content).digest()
    if not isinstance(stated, bytes) or not hmac.compare_digest(stated, actual):
        raise MessageSignatureError("Content-Digest must have the sha-256 of the content")
