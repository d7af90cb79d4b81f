"""What members send in: whether each object is valid by itself and proven by its author.

XCH-02, XCH-05.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from drs_reference.exchange.canonical import NoCanonicalFormError, canonical, parse
from drs_reference.exchange.hub.entries import Candidate, Refusal, microseconds
from drs_reference.exchange.hub.messages import TaxiiError
from drs_reference.exchange.objects import ObjectError
from drs_reference.exchange.proofs import (
    SIGHTING_TYPE,
    SIGNATURE_TYPE,
    ProofError,
    PublicKey,
    check_proof,
)
from drs_reference.exchange.sightings import read_sighting
from drs_reference.exchange.signature import Signature, read_signature
from drs_reference.timestamps import rfc3339

OBJECTS_MAX = 1000
"""Most objects of one request."""
_SKEW = timedelta(seconds=300)
_KINDS = {"indicator": SIGNATURE_TYPE, "sighting": SIGHTING_TYPE}
_ID = re.compile(r"[a-z0-9-]{1,64}--[0-9a-f-]{36}", re.ASCII)
_VERSION = re.compile(r"[0-9TZ:.+-]{1,40}", re.ASCII)


def read_envelope(content: bytes) -> list[dict[str, Any]]:
    """The objects of an envelope (section 3.7). Raises ``TaxiiError`` 422.

    A document in which something stands twice, or that has no canonical form for another reason,
    is refused as a whole: there is no telling what its objects say.
    """
    try:
        envelope = parse(content)
    except NoCanonicalFormError as error:
        raise TaxiiError(422, f"The content has no one meaning: {error}.") from error
    objects = envelope.get("objects")
    if not isinstance(objects, list) or not 1 <= len(objects) <= OBJECTS_MAX:
        raise TaxiiError(422, f"objects must be an array of 1 to {OBJECTS_MAX} objects.")
    for number, one in enumerate(objects):
        if not isinstance(one, dict) or not _ID.fullmatch(str(one.get("id"))):
            raise TaxiiError(422, f"objects[{number}] must be an object with the id of STIX.")
    return objects


def judged(
    document: Mapping[str, Any], member: str, keys: Mapping[str, PublicKey], now: datetime
) -> Candidate | Refusal:
    """An object that ``member``, whose keys may sign now, has sent in."""
    try:
        return _candidate(document, member, keys, now)
    except (ObjectError, ProofError, _NotTakenError) as error:
        # A version is a time; whatever else stands there is not repeated.
        version = str(document.get("modified"))
        shown = version if _VERSION.fullmatch(version) else ""
        return Refusal(document["id"], shown, str(error))


class _NotTakenError(Exception):
    pass


def _candidate(
    document: Mapping[str, Any], member: str, keys: Mapping[str, PublicKey], now: datetime
) -> Candidate:
    kind = _KINDS.get(str(document.get("type")))
    if kind is None:
        raise _NotTakenError("type must be indicator or sighting; no other is exchanged here")
    body = canonical(document)
    read = read_signature(body) if kind == SIGNATURE_TYPE else read_sighting(body)
    if isinstance(read, Signature) and now >= read.valid_until:
        raise _NotTakenError(f"the validity ended at {rfc3339(read.valid_until)}")
    if read.author != member:
        raise _NotTakenError(f"created_by_ref must be {member}, who sends it; got {read.author}")
    check_proof(document, kind, keys)
    if read.modified > now + _SKEW:
        raise _NotTakenError(f"modified lies in the future: {rfc3339(read.modified)}")
    return Candidate(
        id=read.id,
        version=document["modified"],
        author=read.author,
        seq=read.seq,
        created=microseconds(read.created),
        modified=microseconds(read.modified),
        tlp=read.tlp,
        revoked=document.get("revoked") is True,
        about=document.get("sighting_of_ref"),
        body=body,
    )
