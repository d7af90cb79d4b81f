"""What is signed of a document, and how signatures are written (DSSE 1.0, RFC 4648)."""

from __future__ import annotations

import base64

__all__ = ["base64url", "pre_authentication_encoding"]


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Return what DSSE signs: version, type and payload, each with its length in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def base64url(data: bytes) -> str:
    """Return base64url (RFC 4648, section 5) without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
