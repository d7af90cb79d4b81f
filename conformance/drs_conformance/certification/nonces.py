"""The two nonces from which the seed of a registered run follows.

The lab commits to its own before it knows the witness's, and the witness draws its own without
knowing the lab's. So neither can choose the seed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

__all__ = [
    "NonceFault",
    "commitment",
    "draw_nonce",
    "nonce_path",
    "read_nonce",
    "seed_of",
    "write_nonce",
]

_BYTES = 32
_SEED_BITS = 53
# Without it the commitment would be the digest that the seed of an unwitnessed run comes from.
_SEED_DOMAIN = b"drs-registered-seed:"


class NonceFault(Exception):
    """The file with the lab's nonce cannot be read or written."""


def draw_nonce() -> bytes:
    """Draw 32 bytes."""
    return secrets.token_bytes(_BYTES)


def commitment(lab: bytes) -> str:
    """Return the commitment to the lab's nonce: its SHA-256."""
    return f"sha256:{hashlib.sha256(lab).hexdigest()}"


def seed_of(lab: bytes, witness: bytes = b"") -> int:
    """Return the seed: the first 53 bits of a SHA-256 over both nonces; none is empty."""
    digest = hashlib.sha256(_SEED_DOMAIN + lab + witness).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - _SEED_BITS)


def nonce_path(register: Path, attempt: int) -> Path:
    """Return where the lab keeps its nonce for an attempt: beside the register."""
    return register.with_name(f"registration-{attempt}.nonce")


def write_nonce(path: Path, nonce: bytes) -> None:
    """Keep a nonce where only this user can read it. Raises `NonceFault`; nothing is replaced."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(f"{nonce.hex()}\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise NonceFault(f"could not write {path}: {error.strerror}") from None


def read_nonce(path: Path) -> bytes:
    """Return a nonce that `write_nonce` kept. Raises `NonceFault`."""
    try:
        nonce = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise NonceFault(f"could not read the lab's nonce {path}: {error.strerror}") from None
    except ValueError:
        nonce = b""
    if len(nonce) != _BYTES:
        raise NonceFault(f"expected {_BYTES} bytes in hexadecimal in {path}")
    return nonce
