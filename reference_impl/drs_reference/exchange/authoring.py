"""Making signatures: the first version, the next, and the one that withdraws it.

What an author makes is read back as a member would read it, so that nothing leaves that others
would refuse.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.features import registered_features
from drs_reference.exchange.markings import TLP
from drs_reference.exchange.privacy import leaks
from drs_reference.exchange.proofs import SIGNATURE_TYPE, proven
from drs_reference.exchange.rule_syntax import syntax_tree, variables
from drs_reference.exchange.rule_tokens import RuleError
from drs_reference.exchange.signature import (
    EXTENSION,
    FingerprintSet,
    SelectorSet,
    Signature,
    SignatureError,
    read_signature,
)
from drs_reference.exchange.winnowing import written
from drs_reference.signing import Signer
from drs_reference.standard import VERSION
from drs_reference.timestamps import rfc3339

__all__ = [
    "Draft",
    "Evidence",
    "Range",
    "build_signature",
    "milliseconds",
    "next_version",
    "revoked_version",
]

_STEP = timedelta(milliseconds=1)
_STIX = "2.1"


@dataclass(frozen=True, slots=True)
class Range:
    """A range in CIDR form; ``egress`` is dedicated, hosting or proxy."""

    cidr: str
    egress: str
    seen_until: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a signature rests on, in numbers; ``benign_corpus`` is the digest of its statement."""

    accounts: int
    requests: int
    first_seen: datetime
    last_seen: datetime
    false_positive_rate: float
    benign_windows: int
    benign_corpus: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What an author says of a pattern; the rest of the signature follows from it.

    The features are those that ``pattern`` reads. ``validity`` is at most thirty days (SIG-05);
    ``retention`` counts from its end.
    """

    name: str
    description: str
    attack_class: str
    pattern: str
    max_action: str
    confidence: int
    evidence: Evidence
    scope: str = "request"
    window_s: int = 0
    pattern_type: str = "drs-cel"
    fingerprints: tuple[FingerprintSet, ...] = ()
    selectors: tuple[SelectorSet, ...] = ()
    ranges: tuple[Range, ...] = ()
    labels: tuple[str, ...] = ()
    tlp: str = "TLP:AMBER"
    validity: timedelta = timedelta(days=14)
    retention: timedelta = timedelta(days=60)


def build_signature(
    draft: Draft, signer: Signer, author: str, now: datetime, forbidden: Iterable[str] = ()
) -> Signature:
    """The first version, by the member ``author`` (``identity--...``).

    ``forbidden`` are texts whose words must not stand in it. Raises ``SignatureError``.
    """
    made = _whole_milliseconds(now)
    document = _indicator(draft, f"indicator--{uuid.uuid4()}", author, made, made, 1)
    return _published(document, signer, forbidden)


def next_version(
    old: Signature, draft: Draft, signer: Signer, now: datetime, forbidden: Iterable[str] = ()
) -> Signature:
    """The version after ``old`` with what ``draft`` says. Raises ``SignatureError``."""
    modified = max(_whole_milliseconds(now), _whole_milliseconds(old.modified) + _STEP)
    document = _indicator(draft, old.id, old.author, old.created, modified, old.seq + 1)
    # The moment of its creation is kept as it was written.
    document["created"] = old.document["created"]
    new = _published(document, signer, forbidden)
    new.check_follows(old)
    return new


def revoked_version(old: Signature, reason: str, signer: Signer, now: datetime) -> Signature:
    """The version that withdraws ``old``; it says the same otherwise. Raises ``SignatureError``.

    ``reason`` is false-positives, campaign-ended, error or unlawful.
    """
    modified = max(_whole_milliseconds(now), _whole_milliseconds(old.modified) + _STEP)
    extension = {
        **old.document["extensions"][EXTENSION],
        "seq": old.seq + 1,
        "revocation_reason": reason,
    }
    document = {
        **old.document,
        "modified": milliseconds(modified),
        "revoked": True,
        "extensions": {EXTENSION: extension},
    }
    new = _published(document, signer, ())
    new.check_follows(old)
    return new


def _published(document: dict[str, Any], signer: Signer, forbidden: Iterable[str]) -> Signature:
    for leak in leaks(document, forbidden):
        raise SignatureError("privacy", f"{leak.member} holds {leak.what}")
    return read_signature(canonical(proven(document, SIGNATURE_TYPE, signer)))


def _indicator(
    draft: Draft, identifier: str, author: str, created: datetime, modified: datetime, seq: int
) -> dict[str, Any]:
    if draft.tlp not in TLP:
        raise SignatureError("marking", f"tlp must be one of {', '.join(TLP)}; got {draft.tlp!r}")
    until = modified + draft.validity
    document: dict[str, Any] = {
        "type": "indicator",
        "spec_version": _STIX,
        "id": identifier,
        "created_by_ref": author,
        "created": milliseconds(created),
        "modified": milliseconds(modified),
        "name": draft.name,
        "description": draft.description,
        "indicator_types": ["malicious-activity"],
        "pattern": draft.pattern,
        "pattern_type": draft.pattern_type,
        "pattern_version": VERSION if draft.pattern_type == "drs-cel" else _STIX,
        "valid_from": rfc3339(modified),
        "valid_until": rfc3339(until),
        "confidence": draft.confidence,
        "object_marking_refs": [TLP[draft.tlp]],
        "extensions": {EXTENSION: _extension(draft, seq, until + draft.retention)},
    }
    if draft.labels:
        document["labels"] = list(draft.labels)
    return document


def _extension(draft: Draft, seq: int, retention_until: datetime) -> dict[str, Any]:
    evidence = draft.evidence
    lists = {
        "features": _features(draft),
        "fingerprints": [_fingerprints(entry) for entry in draft.fingerprints],
        "selectors": [_selectors(entry) for entry in draft.selectors],
        "networks": [
            {"cidr": each.cidr, "egress": each.egress, "seen_until": rfc3339(each.seen_until)}
            for each in draft.ranges
        ],
    }
    return {
        "extension_type": "property-extension",
        "drs_version": VERSION,
        "seq": seq,
        "attack_class": draft.attack_class,
        "scope": draft.scope,
        "window_s": draft.window_s,
        # STIX knows no empty lists.
        **{name: entries for name, entries in lists.items() if entries},
        "max_action": draft.max_action,
        "evidence": {
            "accounts": evidence.accounts,
            "requests": evidence.requests,
            "first_seen": rfc3339(evidence.first_seen),
            "last_seen": rfc3339(evidence.last_seen),
            "false_positive_rate": evidence.false_positive_rate,
            "benign_windows": evidence.benign_windows,
            "benign_corpus": evidence.benign_corpus,
        },
        "retention_until": rfc3339(retention_until),
    }


def _features(draft: Draft) -> list[dict[str, str]]:
    """The variables of the rule that are listed: those of ``win`` and ``req``."""
    if draft.pattern_type != "drs-cel":
        return []
    types = registered_features()
    try:
        read = variables(syntax_tree(draft.pattern))
    except RuleError as error:
        raise SignatureError("rule", str(error)) from error
    listed = sorted(name for name in read if name.startswith(("win.", "req.")))
    unknown = ", ".join(name for name in listed if name not in types)
    if unknown:
        raise SignatureError("rule", f"not in the registry features: {unknown}")
    return [{"name": name, "type": types[name]} for name in listed]


def _fingerprints(entry: FingerprintSet) -> dict[str, Any]:
    return {
        "algorithm": "winnowing-blake2b",
        "k": entry.k,
        "w": entry.w,
        "key_id": entry.key_id,
        "epoch": entry.epoch,
        "values": sorted(written(entry.values)),
        "accounts_min": entry.accounts_min,
    }


def _selectors(entry: SelectorSet) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "algorithm": "hmac-sha256",
        "key_id": entry.key_id,
        "epoch": entry.epoch,
        "epoch_s": entry.epoch_s,
        "values": sorted(entry.values),
    }


def _whole_milliseconds(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def milliseconds(moment: datetime) -> str:
    """The form that STIX asks of ``created`` and ``modified``: three decimals."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
