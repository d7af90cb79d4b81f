"""Signatures that test members publish, and the proofs in them (chapter Signatures, Form)."""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from drs_conformance.dsse import base64url, pre_authentication_encoding
from drs_conformance.specification.canonical import canonical_json

__all__ = [
    "AMBER",
    "CLEAR",
    "EXTENSION",
    "PAYLOAD_TYPE",
    "SIGHTING_EXTENSION",
    "SIGHTING_TYPE",
    "Document",
    "identifier",
    "proven",
    "sighting",
    "signature",
    "stamp",
    "version",
]

Document = dict[str, Any]
Sign = Callable[[bytes], bytes]
"""From what is signed to the 64 bytes of its Ed25519 signature."""

EXTENSION = "extension-definition--6d1f0b52-3c0e-4f5a-9a44-0d8f7f2c5b10"
PAYLOAD_TYPE = "application/vnd.drs.signature+json"
SIGHTING_EXTENSION = "extension-definition--0f4a2a6e-7a51-4b53-8f0a-6c1d2b9e4a77"
SIGHTING_TYPE = "application/vnd.drs.sighting+json"
CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
"""Markings of TLP 2.0."""


def stamp(moment: datetime) -> str:
    """Return a moment as STIX writes it, to the millisecond."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def identifier(kind: str, source: str) -> str:
    """Return an identifier of STIX that is always the same for the same ``source``."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"{kind}--{uuid.UUID(bytes=digest[:16], version=4)}"


def signature(name: str, author: str, now: datetime) -> Document:
    """Return a signature without proof, under the identifier ``name``, that begins now.

    It recognises a burst in numbers only and permits no more than to observe.
    """
    begin = now - timedelta(minutes=2)
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": name,
        "created_by_ref": author,
        "created": stamp(begin),
        "modified": stamp(begin),
        "name": "One template over many accounts",
        "description": "A burst of requests of one form by accounts that were opened together.",
        "indicator_types": ["malicious-activity"],
        "pattern": "win.accounts >= 50 && win.template_share > 0.8",
        "pattern_type": "drs-cel",
        "pattern_version": "0.1",
        "valid_from": stamp(begin),
        "valid_until": stamp(now + timedelta(days=1)),
        "confidence": 60,
        "object_marking_refs": [AMBER],
        "extensions": {
            EXTENSION: {
                "extension_type": "property-extension",
                "drs_version": "0.1",
                "seq": 1,
                "attack_class": "burst",
                "scope": "cluster-window",
                "window_s": 86400,
                "features": [
                    {"name": "win.accounts", "type": "int"},
                    {"name": "win.template_share", "type": "double"},
                ],
                "max_action": "observe",
                "evidence": {
                    "accounts": 431,
                    "requests": 90211,
                    "first_seen": stamp(now - timedelta(days=8)),
                    "last_seen": stamp(now - timedelta(hours=1)),
                    "false_positive_rate": 0.0003,
                    "benign_windows": 29956,
                    "benign_corpus": f"sha256:{'c0' * 32}",
                },
                "retention_until": stamp(now + timedelta(days=30)),
            }
        },
    }


def sighting(
    name: str, author: str, of: Mapping[str, Any], now: datetime, **changes: Any
) -> Document:
    """Return a sighting without proof that confirms a signature by evidence of its author's own.

    ``changes`` are to its extension.
    """
    return {
        "type": "sighting",
        "spec_version": "2.1",
        "id": name,
        "created_by_ref": author,
        "created": stamp(now),
        "modified": stamp(now),
        "first_seen": stamp(now - timedelta(hours=2)),
        "last_seen": stamp(now - timedelta(hours=1)),
        "count": 118,
        "sighting_of_ref": of["id"],
        "object_marking_refs": list(of["object_marking_refs"]),
        "extensions": {
            SIGHTING_EXTENSION: {
                "extension_type": "property-extension",
                "drs_version": "0.1",
                "seq": 1,
                "signature_seq": of["extensions"][EXTENSION]["seq"],
                "outcome": "confirmed",
                "independent": True,
                "accounts": "50-499",
                "benign_windows": 30000,
                "benign_matches": 2,
                "action": "observe",
                **changes,
            }
        },
    }


def version(document: Mapping[str, Any], **changes: Any) -> Document:
    """Return a copy with changes; those to what the extension may hold go there."""
    changed = copy.deepcopy(dict(document))
    extension = changed["extensions"][EXTENSION]
    for name, value in changes.items():
        is_own = name in extension or name in {"revocation_reason", "networks"}
        (extension if is_own else changed)[name] = value
    return changed


def proven(
    document: Mapping[str, Any], kid: str, sign: Sign, payload_type: str = PAYLOAD_TYPE
) -> Document:
    """Return the document with a proof: DSSE over its canonical form without one."""
    bare = copy.deepcopy(dict(document))
    (extension,) = bare["extensions"].values()
    extension.pop("proof", None)
    made = sign(pre_authentication_encoding(payload_type, canonical_json(bare)))
    extension["proof"] = {"kid": kid, "signature": base64url(made)}
    return bare
