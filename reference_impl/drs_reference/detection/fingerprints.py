"""Fingerprints of prompts: equal for prompts that were made from one template.

A prompt has one fingerprint of its opening and a few of its three-word shingles, by the minimum of
hashes (Broder, "On the resemblance and containment of documents", 1997): two prompts whose sets of
shingles overlap by the share J have each of these in common with probability J.
"""

from __future__ import annotations

import re
from zlib import crc32

__all__ = ["fingerprints"]

_WORD = re.compile(r"[^\W\d_]+|\d")
_OPENING = 4
_SHINGLE = 3
# Odd numbers: x -> (a x + b) mod 2^32 permutes the hashes of the shingles.
_PERMUTATIONS = ((0x9E3779B1, 0x7F4A7C15), (0x85EBCA77, 0x165667B1), (0xC2B2AE3D, 0x27D4EB2F))


def fingerprints(prompt: str) -> tuple[tuple[int, int], ...]:
    """Return pairs (which fingerprint, its value), none of a prompt without words.

    Digits are all alike.
    """
    words = ["0" if word.isdigit() else word for word in _WORD.findall(prompt.lower())]
    if not words:
        return ()
    shingles = {
        crc32(" ".join(words[at : at + _SHINGLE]).encode())
        for at in range(max(1, len(words) - _SHINGLE + 1))
    }
    opening = crc32(" ".join(words[:_OPENING]).encode())
    smallest = [
        min([(shingle * factor + term) & 0xFFFFFFFF for shingle in shingles])
        for factor, term in _PERMUTATIONS
    ]
    return ((0, opening), *enumerate(smallest, 1))
