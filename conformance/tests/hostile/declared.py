"""A valid declaration that is signed by hand, and an endpoint that has nothing else in order."""

from __future__ import annotations

import base64
import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from raw_server import Answer, Answers, Seen

WELL_KNOWN = "/.well-known/distillation-resistance"
CHAT = "/v1/chat/completions"
KIND = b"application/vnd.drs.declaration+json"


def declaration(root: str, **changes: Any) -> bytes:
    """Return a signed declaration of the endpoint at ``root``."""
    key = Ed25519PrivateKey.generate()
    now = datetime.now(UTC).replace(microsecond=0)
    plain = {
        "drs_version": "0.1",
        "issuer": root,
        "name": "Broken",
        "classes": ["provider"],
        "level": "L1",
        "issued_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "expires_at": f"{now + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}",
        "surfaces": [
            {
                "id": "chat",
                "dialect": "openai_chat",
                "path": CHAT,
                "models": ["m"],
                "streaming": True,
                "bounds": {"top_logprobs_max": 5, "logprob_decimals": 4, "choices_max": 2},
            }
        ],
        "ladder": {
            "states": ["standing", "observed", "throttled", "suspended", "terminated"],
            "quiet_s": {"observed": 60, "throttled": 60},
            "suspension_review_s": 600,
        },
        "control_plane": {
            "account": "/drs/v1/account",
            "appeals": "/drs/v1/appeals",
            "cases": "/drs/v1/cases",
            "test": "/drs/v1/test",
        },
        "notice": {"covert_delay_max_s": 60},
        "appeals": {"decision_max_s": 600, "contact": "mailto:a@lab.example"},
        "perturbation": [],
        "exemptions": [],
        "keys": [{"kid": "k1", "alg": "Ed25519", "public_key": _text(_public(key))}],
        **changes,
    }
    body = rfc8785.dumps(plain)  # type: ignore[arg-type]
    signed = b"DSSEv1 %d %s %d %s" % (len(KIND), KIND, len(body), body)
    proof = {"kid": "k1", "signature": _text(key.sign(signed))}
    return json.dumps({**plain, "proof": proof}).encode()


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def behind_a_declaration(fault: Answer, *, scheme: str = "http", **changes: Any) -> Answer:
    """Serve a valid declaration with ``changes``, and ``fault`` on every other path."""
    document: list[bytes] = []

    def answer(connection: socket.socket, seen: Seen) -> object:
        if WELL_KNOWN not in seen.line:
            return fault(connection, seen)
        if not document:
            document.append(declaration(f"{scheme}://{seen.headers['host']}", **changes))
        fields = (("Cache-Control", "max-age=60"),)
        return Answers.response(document[0], 200, fields)(connection, seen)

    return answer
