"""A model that works out every position of its last prompts once, however often it is asked.

Answers to one question by many mechanisms have most of their tokens in common.
"""

from __future__ import annotations

from collections.abc import Sequence

from drs_reference.gateway.sampling import Decoding, Logits, Model, Tokens

__all__ = ["Remembered"]

Messages = tuple[tuple[str, str], ...]
_PROMPTS = 8


class _Place:
    """What is known after some tokens; the first child takes the decoding over."""

    def __init__(self, decoding: Decoding) -> None:
        self.logits = decoding.logits()
        self.decoding: Decoding | None = decoding
        self.next: dict[int, _Place] = {}


class _Walk:
    """A decoding that looks up what is known."""

    def __init__(self, root: _Place, first: Decoding, said: tuple[int, ...] = ()) -> None:
        self._first = first
        self._root = self._place = root
        self._said: list[int] = []
        for token in said:
            self.push(token)

    @property
    def prompt_tokens(self) -> int:
        return self._first.prompt_tokens

    def logits(self) -> Logits:
        return self._place.logits

    def push(self, token: int) -> None:
        known = self._place.next.get(token)
        if known is None:
            decoding, self._place.decoding = self._place.decoding, None
            if decoding is None:
                decoding = self._first.fork()
                for before in self._said:
                    decoding.push(before)
            decoding.push(token)
            known = self._place.next[token] = _Place(decoding)
        self._place = known
        self._said.append(token)

    def fork(self) -> _Walk:
        return _Walk(self._root, self._first, tuple(self._said))


class Remembered:
    """The model; not to be used by two threads at once."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[Messages, tuple[_Place, Decoding]] = {}

    @property
    def tokenizer(self) -> Tokens:
        """Its tokenizer."""
        return self._model.tokenizer

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return self._model.end

    def start(self, messages: Sequence[tuple[str, str]]) -> Decoding:
        """Begin the answer to (role, text) messages."""
        asked = tuple(messages)
        if asked not in self._known:
            while len(self._known) >= _PROMPTS:
                del self._known[next(iter(self._known))]
            first = self._model.start(asked)
            self._known[asked] = _Place(first.fork()), first
        return _Walk(*self._known[asked])
