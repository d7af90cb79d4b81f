"""What a member asks of an object before it takes it in: nobody's word, the hub's least of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.markings import laxer
from drs_reference.exchange.member.trust import Trust
from drs_reference.exchange.objects import ObjectError
from drs_reference.exchange.proofs import SIGHTING_TYPE, SIGNATURE_TYPE, ProofError, check_proof
from drs_reference.exchange.sightings import Sighting, read_sighting
from drs_reference.exchange.signature import Signature, read_signature
from drs_reference.timestamps import rfc3339

__all__ = ["Holdings", "NotTakenError", "verified"]

_SKEW = timedelta(seconds=300)


class NotTakenError(Exception):
    """An object is not taken in; ``reason`` is an identifier, the message says why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason


@dataclass(slots=True)
class Holdings:
    """The latest version of each object that was taken in, by id."""

    signatures: dict[str, Signature]
    sightings: dict[str, Sighting]

    def add(self, one: Signature | Sighting) -> None:
        """Put a later version in place of the one that is held."""
        if isinstance(one, Signature):
            self.signatures[one.id] = one
        else:
            self.sightings[one.id] = one

    def has(self, id: str) -> bool:
        """Whether a version of an object is held."""
        return id in self.signatures or id in self.sightings

    def copy(self) -> Holdings:
        """Holdings of their own that begin as these."""
        return Holdings(dict(self.signatures), dict(self.sightings))


def verified(
    document: dict[str, Any], trust: Trust, holdings: Holdings, now: datetime
) -> Signature | Sighting:
    """The object in a document, if it may be taken in beside the holdings.

    Raises ``NotTakenError``. It is valid by itself, proven by a key of its author that was good
    when it was made and is not revoked, later than the version held and no laxer in its marking,
    and not over.
    """
    body = canonical(document)
    try:
        if document.get("type") == "sighting":
            sighting = read_sighting(body)
            _check_proven(sighting, SIGHTING_TYPE, trust, now)
            _check_sighting(sighting, holdings)
            return sighting
        signature = read_signature(body)
        _check_proven(signature, SIGNATURE_TYPE, trust, now)
        _check_signature(signature, holdings.signatures.get(signature.id), now)
    except ObjectError as error:
        raise NotTakenError(error.reason, error.message) from error
    return signature


def _check_proven(one: Signature | Sighting, kind: str, trust: Trust, now: datetime) -> None:
    if one.author not in trust.members:
        raise NotTakenError("author", f"{one.author} is no member that is trusted here")
    if one.modified > now + _SKEW:
        raise NotTakenError("order", f"it was made in the future, at {rfc3339(one.modified)}")
    try:
        check_proof(one.document, kind, trust.keys(one.author, one.modified, now))
    except ProofError as error:
        raise NotTakenError("proof", str(error)) from error


def _check_signature(signature: Signature, held: Signature | None, now: datetime) -> None:
    if held is not None:
        signature.check_follows(held)
        if laxer(signature.tlp, held.tlp):
            message = f"{held.tlp} must not be relaxed to {signature.tlp}"
            raise NotTakenError("marking", message)
    elif now >= signature.valid_until:
        # The end of what is held is a reason to stop, and is taken in.
        message = f"its validity ended at {rfc3339(signature.valid_until)}"
        raise NotTakenError("validity", message)


def _check_sighting(sighting: Sighting, holdings: Holdings) -> None:
    held = holdings.sightings.get(sighting.id)
    if held is not None:
        sighting.check_follows(held)
        if laxer(sighting.tlp, held.tlp):
            raise NotTakenError("marking", f"{held.tlp} must not be relaxed to {sighting.tlp}")
    signature = holdings.signatures.get(sighting.signature)
    if signature is None:
        raise NotTakenError("signature", f"{sighting.signature} is not held here")
    sighting.check_about(signature)
