"""What a member saw of a signature in its own traffic, told in counts (chapter Exchange)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drs_reference.exchange.authoring import milliseconds
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.markings import TLP, laxer, tlp_of
from drs_reference.exchange.objects import ObjectError, moment, read_object
from drs_reference.exchange.proofs import (
    EXTENSIONS,
    SIGHTING_TYPE,
    ProofError,
    proven,
    unbase64url,
)
from drs_reference.exchange.signature import Signature
from drs_reference.signing import Signer
from drs_reference.standard import VERSION
from drs_reference.timestamps import rfc3339

__all__ = [
    "ACTIONS",
    "Seen",
    "Sighting",
    "SightingError",
    "account_range",
    "build_sighting",
    "read_sighting",
]

EXTENSION = EXTENSIONS[SIGHTING_TYPE]
ACTIONS = ("none", "observe", "challenge", "throttle", "perturb", "block")
"""What a member can have done, the mildest first."""

_RANGES = ((0, "0"), (49, "1-49"), (499, "50-499"), (4999, "500-4999"))


class SightingError(ObjectError):
    """A sighting that is refused.

    ``reason`` is one of ``size``, ``canonical``, ``schema``, ``marking``, ``order``, ``content``,
    ``proof``, ``version`` and ``signature``.
    """


@dataclass(frozen=True, slots=True)
class Seen:
    """What a member found; ``outcome`` is confirmed, not-seen, false-positive or undecided.

    ``independent`` says that it rests on evidence of the member's own (XCH-09).
    """

    outcome: str
    independent: bool
    count: int
    accounts: int
    first_seen: datetime
    last_seen: datetime
    benign_windows: int
    benign_matches: int
    action: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """One version of a sighting; ``accounts`` is a range such as ``50-499``. Times in UTC."""

    document: Mapping[str, Any]
    id: str
    author: str
    seq: int
    created: datetime
    modified: datetime
    signature: str
    signature_seq: int
    tlp: str
    outcome: str
    independent: bool
    count: int
    accounts: str
    benign_windows: int
    benign_matches: int
    action: str
    kid: str

    def newer_than(self, other: Sighting) -> bool:
        """Whether it is a later version of the same sighting."""
        return self.id == other.id and self.seq > other.seq

    def check_follows(self, old: Sighting) -> None:
        """Raise ``SightingError`` (``version``) unless it can be the version after ``old``."""
        for name in ("id", "author", "created", "signature"):
            held, came = getattr(old, name), getattr(self, name)
            if held != came:
                raise SightingError("version", f"{name} must stay {held}; got {came}")
        if self.seq <= old.seq or self.modified <= old.modified:
            message = f"seq and modified must rise above {old.seq} and {old.modified}"
            raise SightingError("version", f"{message}; got {self.seq} and {self.modified}")

    def check_about(self, signature: Signature) -> None:
        """Raise ``SightingError`` unless it can be of ``signature``, the latest version known.

        Its marking is never laxer (XCH-06), its action no stronger than the author allows (SIG-08).
        """
        if self.signature != signature.id:
            raise SightingError("signature", f"it is of {self.signature}, not of {signature.id}")
        if self.signature_seq > signature.seq:
            message = f"version {self.signature_seq} of the signature is not known yet"
            raise SightingError("signature", message)
        if laxer(self.tlp, signature.tlp):
            message = f"{self.tlp} is laxer than the signature's {signature.tlp}"
            raise SightingError("marking", message)
        if ACTIONS.index(self.action) > ACTIONS.index(signature.max_action):
            message = f"the signature allows {signature.max_action}; the action was {self.action}"
            raise SightingError("signature", message)


def account_range(count: int) -> str:
    """The range that stands for a number of accounts. Raises ``ValueError`` below 0."""
    if count < 0:
        raise ValueError(f"expected a number of accounts; got {count}")
    return next((name for most, name in _RANGES if count <= most), "5000+")


def build_sighting(
    signature: Signature,
    seen: Seen,
    signer: Signer,
    author: str,
    now: datetime,
    *,
    tlp: str | None = None,
    old: Sighting | None = None,
) -> Sighting:
    """The sighting of a signature by the member ``author``; the version after ``old`` if given.

    Its marking is the signature's unless ``tlp`` is stricter. Raises ``SightingError``.
    """
    made = milliseconds(now)
    document = {
        "type": "sighting",
        "spec_version": "2.1",
        "id": f"sighting--{uuid.uuid4()}" if old is None else old.id,
        "created_by_ref": author,
        "created": made if old is None else old.document["created"],
        "modified": made,
        "first_seen": rfc3339(seen.first_seen),
        "last_seen": rfc3339(seen.last_seen),
        "count": seen.count,
        "sighting_of_ref": signature.id,
        "object_marking_refs": [TLP[tlp or signature.tlp]],
        "extensions": {
            EXTENSION: {
                "extension_type": "property-extension",
                "drs_version": VERSION,
                "seq": 1 if old is None else old.seq + 1,
                "signature_seq": signature.seq,
                "outcome": seen.outcome,
                "independent": seen.independent,
                "accounts": account_range(seen.accounts),
                "benign_windows": seen.benign_windows,
                "benign_matches": seen.benign_matches,
                "action": seen.action,
            }
        },
    }
    sighting = read_sighting(canonical(proven(document, SIGHTING_TYPE, signer)))
    sighting.check_about(signature)
    if old is not None:
        sighting.check_follows(old)
    return sighting


def read_sighting(body: bytes) -> Sighting:
    """The sighting that ``body`` holds. Raises ``SightingError``.

    Its proof is judged in its form only, as that of a signature is.
    """
    try:
        return _read(read_object(body, "sighting"))
    except ObjectError as error:
        raise SightingError(error.reason, error.message) from error


def _read(document: dict[str, Any]) -> Sighting:
    extension = document["extensions"][EXTENSION]
    _check_content(document, extension)
    return Sighting(
        document=document,
        id=document["id"],
        author=document["created_by_ref"],
        seq=int(extension["seq"]),
        created=moment(document, "created"),
        modified=moment(document, "modified"),
        signature=document["sighting_of_ref"],
        signature_seq=int(extension["signature_seq"]),
        tlp=tlp_of(document["object_marking_refs"]),
        outcome=extension["outcome"],
        independent=extension["independent"],
        count=int(document["count"]),
        accounts=extension["accounts"],
        benign_windows=int(extension["benign_windows"]),
        benign_matches=int(extension["benign_matches"]),
        action=extension["action"],
        kid=extension["proof"]["kid"],
    )


def _check_content(document: Mapping[str, Any], extension: Mapping[str, Any]) -> None:
    if moment(document, "modified") < moment(document, "created"):
        raise ObjectError("order", "modified must not lie before created")
    if moment(document, "last_seen") < moment(document, "first_seen"):
        raise ObjectError("order", "last_seen must not lie before first_seen")
    count, outcome = document["count"], extension["outcome"]
    if (count == 0) != (extension["accounts"] == "0"):
        raise ObjectError("content", "count and accounts must be 0 together")
    if outcome == "not-seen" and count:
        raise ObjectError("content", f"the outcome not-seen has the count 0; got {count}")
    if outcome == "confirmed" and not count:
        raise ObjectError("content", "the outcome confirmed has a count above 0")
    if extension["benign_matches"] > extension["benign_windows"]:
        raise ObjectError("content", "more benign windows matched than there were")
    if outcome == "false-positive" and not extension["benign_matches"]:
        raise ObjectError("content", "the outcome false-positive needs a benign match")
    try:
        unbase64url(extension["proof"]["signature"])
    except ProofError as error:
        raise ObjectError("proof", str(error)) from error
