"""A signature as a member reads it: judged in full before anything acts on it.

Chapter Signatures. The proof is judged in its form only; whose key it must be, the reader knows
(``proofs.check_proof``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drs_reference.exchange.markings import tlp_of
from drs_reference.exchange.objects import ObjectError, moment, read_object
from drs_reference.exchange.proofs import EXTENSIONS, SIGNATURE_TYPE
from drs_reference.exchange.ranges import Network
from drs_reference.exchange.rules import Rule
from drs_reference.exchange.signature_checks import check_content, read_networks, read_rule

__all__ = [
    "EXTENSION",
    "FingerprintSet",
    "SelectorSet",
    "Signature",
    "SignatureError",
    "read_signature",
]

EXTENSION = EXTENSIONS[SIGNATURE_TYPE]


class SignatureError(ObjectError):
    """A signature that is refused.

    ``reason`` is one of ``size``, ``canonical``, ``schema``, ``marking``, ``validity``, ``order``,
    ``rule``, ``content``, ``evidence``, ``networks``, ``selectors``, ``proof``, ``privacy`` and
    ``version``.
    """


@dataclass(frozen=True, slots=True)
class FingerprintSet:
    """Fingerprints of prompts under one key of the trust group, as 64-bit numbers."""

    key_id: str
    epoch: int
    k: int
    w: int
    values: frozenset[int]
    accounts_min: int


@dataclass(frozen=True, slots=True)
class SelectorSet:
    """Keyed digests of account details of one kind."""

    kind: str
    key_id: str
    epoch: int
    epoch_s: int
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Signature:
    """One version of a signature. ``rule`` is None where a STIX pattern over addresses is the rule.

    Times are in UTC; ``window_s`` is in seconds; ``tlp`` is a label such as ``TLP:AMBER``.
    """

    document: Mapping[str, Any]
    id: str
    author: str
    seq: int
    created: datetime
    modified: datetime
    valid_from: datetime
    valid_until: datetime
    retention_until: datetime
    revoked: bool
    confidence: int
    tlp: str
    attack_class: str
    scope: str
    window_s: int
    max_action: str
    rule: Rule | None
    fingerprints: tuple[FingerprintSet, ...]
    selectors: tuple[SelectorSet, ...]
    networks: tuple[Network, ...]
    kid: str

    def active(self, now: datetime) -> bool:
        """Whether it may be acted on: in its validity and not withdrawn."""
        return not self.revoked and self.valid_from <= now < self.valid_until

    def newer_than(self, other: Signature) -> bool:
        """Whether it is a later version of the same signature."""
        return self.id == other.id and self.seq > other.seq

    def check_follows(self, old: Signature) -> None:
        """Raise ``SignatureError`` (``version``) unless it can be the version after ``old``.

        A signature keeps its author and its creation, rises in ``seq`` and ``modified``, and stays
        withdrawn once it was (SIG-02, XCH-05).
        """
        same = {"id": (self.id, old.id), "created_by_ref": (self.author, old.author)}
        same["created"] = (str(self.created), str(old.created))
        for name, (came, held) in same.items():
            if came != held:
                raise SignatureError("version", f"{name} must stay {held}; got {came}")
        if self.seq <= old.seq:
            message = f"seq must be greater than {old.seq}, which is held; got {self.seq}"
            raise SignatureError("version", message)
        if self.modified <= old.modified:
            message = f"modified must be later than {old.modified}; got {self.modified}"
            raise SignatureError("version", message)
        if old.revoked and not self.revoked:
            raise SignatureError("version", "it was revoked and stays so; make a new signature")


def read_signature(body: bytes) -> Signature:
    """The signature that ``body`` holds. Raises ``SignatureError``."""
    try:
        return _read(read_object(body, "signature"))
    except ObjectError as error:
        raise SignatureError(error.reason, error.message) from error


def _read(document: dict[str, Any]) -> Signature:
    extension = document["extensions"][EXTENSION]
    check_content(document, extension)
    return Signature(
        document=document,
        id=document["id"],
        author=document["created_by_ref"],
        seq=int(extension["seq"]),
        created=moment(document, "created"),
        modified=moment(document, "modified"),
        valid_from=moment(document, "valid_from"),
        valid_until=moment(document, "valid_until"),
        retention_until=moment(extension, "retention_until"),
        revoked=document.get("revoked", False),
        confidence=int(document["confidence"]),
        tlp=tlp_of(document["object_marking_refs"]),
        attack_class=extension["attack_class"],
        scope=extension["scope"],
        window_s=int(extension["window_s"]),
        max_action=extension["max_action"],
        rule=read_rule(document, extension),
        fingerprints=tuple(_fingerprints(entry) for entry in extension.get("fingerprints", ())),
        selectors=tuple(_selectors(entry) for entry in extension.get("selectors", ())),
        networks=read_networks(extension),
        kid=extension["proof"]["kid"],
    )


def _fingerprints(entry: Mapping[str, Any]) -> FingerprintSet:
    return FingerprintSet(
        key_id=entry["key_id"],
        epoch=int(entry["epoch"]),
        k=int(entry["k"]),
        w=int(entry["w"]),
        values=frozenset(int(value, 16) for value in entry["values"]),
        accounts_min=int(entry["accounts_min"]),
    )


def _selectors(entry: Mapping[str, Any]) -> SelectorSet:
    return SelectorSet(
        kind=entry["kind"],
        key_id=entry["key_id"],
        epoch=int(entry["epoch"]),
        epoch_s=int(entry["epoch_s"]),
        values=frozenset(entry["values"]),
    )
