"""The two persons who sign a dossier, each the same document (ESC-03).

A signature covers the dossier without the other person's sign-off, so that either may come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.proofs import ProofError, PublicKey, unbase64url
from drs_reference.signing import Signer, base64url, pre_authentication_encoding
from drs_reference.timestamps import rfc3339

__all__ = ["PAYLOAD_TYPE", "SIGN_OFFS", "as_if_signed", "payload", "signed", "unproven"]

PAYLOAD_TYPE = "application/vnd.drs.escalation-dossier+json"
SIGN_OFFS = {"technical": "technical_sign_off", "legal": "legal_sign_off"}
"""The member of the dossier for each responsibility."""
_PLACEHOLDER = {"kid": "none", "signature": "A" * 86}


def payload(dossier: Mapping[str, Any], role: str) -> bytes:
    """What the person with this responsibility signs."""
    own = SIGN_OFFS[role]
    bare = {name: value for name, value in dossier.items() if name not in SIGN_OFFS.values()}
    bare[own] = {name: value for name, value in dossier[own].items() if name != "proof"}
    return pre_authentication_encoding(PAYLOAD_TYPE, canonical(bare))


def signed(dossier: Mapping[str, Any], role: str, signer: Signer, now: datetime) -> dict[str, Any]:
    """The dossier with the time and the proof of one person."""
    own = SIGN_OFFS[role]
    dated = {**dossier, own: {**dossier[own], "at": rfc3339(now)}}
    proof = {"kid": signer.kid, "signature": base64url(signer.raw(payload(dated, role)))}
    return {**dated, own: {**dated[own], "proof": proof}}


def as_if_signed(dossier: Mapping[str, Any]) -> dict[str, Any]:
    """The dossier with a time and a proof in the sign-offs that lack them; no signature of any."""
    filled = dict(dossier)
    for name in SIGN_OFFS.values():
        sign_off = dossier.get(name)
        if isinstance(sign_off, dict) and "proof" not in sign_off:
            filled[name] = {"at": dossier.get("made_at"), **sign_off, "proof": _PLACEHOLDER}
    return filled


def unproven(dossier: Mapping[str, Any], keys: Mapping[str, PublicKey]) -> Iterator[str]:
    """A sentence for each signature that lacks or does not fit; ``keys`` by responsibility.

    The dossier has no ``faults``.
    """
    if len({key.raw for key in keys.values()}) < len(keys):
        yield "expected the keys of two persons; got one key twice"
    for role, name in SIGN_OFFS.items():
        key, proof = keys[role], dossier[name].get("proof")
        if proof is None:
            yield f"{name}: the person with {role} responsibility has not signed"
        elif proof["kid"] != key.kid:
            yield f"{name}.proof.kid: expected {key.kid}, the given key; got {proof['kid']}"
        else:
            try:
                Ed25519PublicKey.from_public_bytes(key.raw).verify(
                    unbase64url(proof["signature"]), payload(dossier, role)
                )
            except (InvalidSignature, ProofError):
                yield f"{name}.proof: the signature does not fit: the dossier was changed after it"
