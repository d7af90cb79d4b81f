"""A text as the words that fingerprints are made of (chapter Signatures, Fingerprints)."""

from __future__ import annotations

import unicodedata

__all__ = ["CHARACTERS_MAX", "WORDS_MAX", "words"]

CHARACTERS_MAX = 1 << 20
WORDS_MAX = 1 << 16
"""How much of a text is read; what comes after is left out, so that no text holds up a request."""

_MARKS_IN_A_ROW = 30
_MARK = "\u0300"


class _Words(dict[int, str]):
    """For ``str.translate``: letters, marks and digits stay, everything else becomes a space."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        kept = category[0] in "LM" or category == "Nd"
        self[code] = character if kept else " "
        return self[code]


class _Marks(dict[int, str]):
    """For ``str.translate``: characters that combine become one and the same, others a space."""

    def __missing__(self, code: int) -> str:
        self[code] = _MARK if unicodedata.combining(chr(code)) else " "
        return self[code]


_WORDS, _MARKS = _Words(), _Marks()
_ASCII_WORDS = "".join(_WORDS[code] for code in range(128)).encode().ljust(256)


def words(text: str) -> list[str]:
    """The words of a text: NFKC, case-folded, parted by what is no letter, mark or digit."""
    text = text[:CHARACTERS_MAX]
    if text.isascii():
        return text.lower().encode().translate(_ASCII_WORDS).decode().split()[:WORDS_MAX]
    return _nfkc(text).casefold().translate(_WORDS).split()[:WORDS_MAX]


def _nfkc(text: str) -> str:
    """NFKC in linear time.

    The order of combining marks is found by insertion, in the square of their number; no language
    puts more than a few on a letter (UAX #15, section 13), so longer rows are normalised in pieces.
    """
    limit = _MARK * (_MARKS_IN_A_ROW + 1)
    marks = text.translate(_MARKS)
    if limit not in marks:
        return unicodedata.normalize("NFKC", text)
    pieces: list[str] = []
    start = row = 0
    for at, mark in enumerate(marks):
        row = row + 1 if mark == _MARK else 0
        if row > _MARKS_IN_A_ROW:
            pieces.append(unicodedata.normalize("NFKC", text[start:at]))
            start, row = at, 1
    pieces.append(unicodedata.normalize("NFKC", text[start:]))
    return "".join(pieces)
