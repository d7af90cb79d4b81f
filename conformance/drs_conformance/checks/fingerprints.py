"""Keyed winnowing: fingerprints of a prompt (chapter Signatures, Fingerprints and selectors)."""

from __future__ import annotations

import hashlib
import unicodedata

__all__ = ["fingerprints", "words_of"]

_GRAM_BYTES = 8


def fingerprints(text: str, key: bytes, k: int, w: int) -> tuple[str, ...]:
    """Return the fingerprints of a text, 16 hexadecimal digits each, in rising order.

    A text of fewer than ``k`` words has none. ``key`` has 1 to 64 bytes.
    """
    words = words_of(text)
    hashes = [
        hashlib.blake2b(" ".join(words[at : at + k]).encode(), digest_size=_GRAM_BYTES, key=key)
        .digest()
        .hex()
        for at in range(len(words) - k + 1)
    ]
    windows = range(max(len(hashes) - w + 1, 1)) if hashes else ()
    return tuple(sorted({min(hashes[at : at + w]) for at in windows}))


def words_of(text: str) -> list[str]:
    """Return the words of a text, normalised and case-folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character if _is_of_word(character) else " " for character in folded).split()


def _is_of_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd"
