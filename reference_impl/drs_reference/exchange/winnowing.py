"""Keyed winnowing: fingerprints of a prompt that only holders of the group's key can compute.

Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting" (2003),
over words, with BLAKE2b under a key as the hash (RFC 7693; chapter Signatures, Fingerprints).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from drs_reference.exchange.words import words

__all__ = ["Hashes", "chosen", "containment", "fingerprints", "gram_hashes", "written"]

Hashes = NDArray[np.uint64]

_BYTES = 8


def fingerprints(text: str, key: bytes, k: int, w: int) -> frozenset[str]:
    """The fingerprints of a text, of 16 hexadecimal digits each; none of fewer than ``k`` words.

    ``key`` has 1 to 64 bytes. Raises ``ValueError`` for another key and for ``k`` or ``w`` below 1.
    """
    return written(chosen(gram_hashes(words(text), key, k), w).tolist())


def gram_hashes(text: Sequence[str], key: bytes, k: int) -> Hashes:
    """The hash of each gram of ``k`` words, in their order. Raises ``ValueError``."""
    if not 1 <= len(key) <= blake2b.MAX_KEY_SIZE:
        raise ValueError(f"a key of fingerprints has 1 to 64 bytes; got {len(key)}")
    if k < 1:
        raise ValueError(f"a gram has at least one word; got k = {k}")
    keyed = blake2b(key=key, digest_size=_BYTES)
    digests = bytearray()
    for at in range(len(text) - k + 1):
        gram = keyed.copy()
        gram.update(" ".join(text[at : at + k]).encode())
        digests += gram.digest()
    return np.frombuffer(bytes(digests), dtype=">u8").astype(np.uint64)


def chosen(hashes: Hashes, w: int) -> Hashes:
    """The least hash of each window of ``w``, each once and in rising order.

    As a set it doesn't depend on which of equals is taken. Raises ``ValueError``.
    """
    if w < 1:
        raise ValueError(f"a window has at least one gram; got w = {w}")
    if not len(hashes):
        return hashes
    return np.unique(sliding_window_view(hashes, min(w, len(hashes))).min(axis=1))


def written(values: Iterable[int]) -> frozenset[str]:
    """Fingerprints as a signature has them: 16 hexadecimal digits."""
    return frozenset(f"{value:016x}" for value in values)


def containment(signature: frozenset[str], request: frozenset[str]) -> float:
    """The share of a signature's fingerprints that are among those of a request."""
    return len(signature & request) / len(signature) if signature else 0.0
