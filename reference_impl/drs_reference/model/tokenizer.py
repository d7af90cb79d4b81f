"""A closed vocabulary of at most 256 tokens over which any ASCII text is encoded losslessly."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from drs_reference.model.words import WORDS

END, UNKNOWN = 0, 1
SPECIALS: tuple[str, ...] = ("<end>", "<unk>", "<system>", "<user>", "<assistant>", "<tool>")
"""Tokens that no text encodes to, except ``<unk>``; their ids are their places here."""
ROLES: dict[str, int] = {name[1:-1]: SPECIALS.index(name) for name in SPECIALS[2:]}
"""Token id that opens a message of each role."""
_CHARACTERS = ("\n", "\t", *(chr(code) for code in range(32, 127)))


class Tokenizer:
    """Greedy longest match over characters and frequent words."""

    def __init__(self) -> None:
        self.vocabulary: tuple[str, ...] = (*SPECIALS, *_CHARACTERS, *WORDS)
        if len(self.vocabulary) > 256 or len(set(self.vocabulary)) != len(self.vocabulary):
            raise ValueError(
                "the vocabulary must hold at most 256 different tokens, "
                f"not {len(self.vocabulary)} with {len(set(self.vocabulary))} different"
            )
        self._texts = (
            "",
            "\N{REPLACEMENT CHARACTER}",
            *("",) * 4,
            *self.vocabulary[len(SPECIALS) :],
        )
        self._ids = {text: i for i, text in enumerate(self.vocabulary) if i >= len(SPECIALS)}
        longest_first = sorted(WORDS, key=len, reverse=True)
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), "."]), re.DOTALL)

    @property
    def digest(self) -> str:
        """SHA-256 of the vocabulary, hexadecimal: weights fit just one vocabulary."""
        return hashlib.sha256("\x00".join(self.vocabulary).encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Token ids of ``text``; each character outside ASCII (and each control character other
        than newline and tab) becomes one ``<unk>``. ``"<end>"`` in a text is five characters."""
        ids = self._ids
        return [ids.get(piece, UNKNOWN) for piece in self._pattern.findall(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of the tokens: the concatenation of their ``token_text``."""
        return "".join(self._texts[i] for i in ids)

    def token_text(self, token: int) -> str:
        """Text of one token: U+FFFD for ``<unk>``, the empty string for the other specials."""
        return self._texts[token]
