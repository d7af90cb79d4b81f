"""A hub that delivers whatever a member has proven: for groups in which members are tested.

Members must not trust a hub to have read what it delivers, and only what is delivered shows whether
they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.hub.entries import Candidate, Refusal, microseconds
from drs_reference.exchange.markings import tlp_of
from drs_reference.exchange.objects import ObjectError, moment
from drs_reference.exchange.proofs import (
    EXTENSIONS,
    SIGHTING_TYPE,
    SIGNATURE_TYPE,
    ProofError,
    PublicKey,
    check_proof,
)

_KINDS = {"indicator": SIGNATURE_TYPE, "sighting": SIGHTING_TYPE}


def delivered(
    document: Mapping[str, Any], member: str, keys: Mapping[str, PublicKey], now: datetime
) -> Candidate | Refusal:
    """An object by ``member`` and proven by a key of its own, which nobody has read (XCH-02)."""
    try:
        if document["created_by_ref"] != member:
            raise ProofError(f"created_by_ref must be {member}, who sends it")
        kind = _KINDS[document["type"]]
        check_proof(document, kind, keys)
        return Candidate(
            id=document["id"],
            version=document["modified"],
            author=member,
            seq=int(document["extensions"][EXTENSIONS[kind]]["seq"]),
            created=microseconds(moment(document, "created")),
            modified=microseconds(moment(document, "modified")),
            tlp=tlp_of(document["object_marking_refs"]),
            revoked=document.get("revoked") is True,
            about=document.get("sighting_of_ref"),
            body=canonical(document),
        )
    except (KeyError, TypeError, ValueError, ObjectError, ProofError) as error:
        return Refusal(document["id"], "", f"it cannot be delivered: {error}")
