"""Keys of a mechanism: one for each scope, and numbers that nobody foresees without the key."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drs_reference.gateway.sampling import Floats

__all__ = ["KEY_BYTES_MIN", "bits", "checked_key", "integer", "scoped_key", "uniforms"]

KEY_BYTES_MIN = 16


def checked_key(key: bytes) -> bytes:
    """The key. Raises ``ValueError`` for one of fewer than 16 bytes."""
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(
            f"the key of a mechanism must have {KEY_BYTES_MIN} bytes or more, not {len(key)}"
        )
    return key


def scoped_key(root: bytes, scope: str, account: str, cluster: str | None) -> bytes:
    """The key, 32 bytes, of all that share a scope: tenant, cluster or provider.

    An account of no known cluster is a cluster of its own.
    """
    units = {
        "tenant": f"account:{account}",
        "cluster": f"account:{account}" if cluster is None else f"cluster:{cluster}",
        "provider": "provider",
    }
    return hmac.digest(root, f"scope:{units[scope]}".encode(), hashlib.sha256)


def uniforms(key: bytes, context: Sequence[int], size: int) -> Floats:
    """Numbers (size,) strictly between 0 and 1, independent for all contexts and places."""
    words = np.frombuffer(_stream(key, context, 8 * size), ">u8") >> 11
    numbers: Floats = (words.astype(np.float64) + 0.5) / 2.0**53
    return numbers


def bits(key: bytes, context: Sequence[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Fair coins of a shape, independent for all contexts and places."""
    size = shape[0] * shape[1]
    stream = np.frombuffer(_stream(key, context, -(-size // 8)), np.uint8)
    return np.unpackbits(stream, count=size).reshape(shape).astype(np.bool_)


def integer(key: bytes, text: str) -> int:
    """A number of 64 bits that belongs to a text."""
    return int.from_bytes(hmac.digest(key, text.encode(), hashlib.sha256)[:8], "big")


def _stream(key: bytes, context: Sequence[int], size: int) -> bytes:
    """Pseudorandom bytes: SHAKE-256 of the HMAC of the context."""
    packed = struct.pack(f">{len(context)}q", *context)
    return hashlib.shake_256(hmac.digest(key, b"tokens:" + packed, hashlib.sha256)).digest(size)
