"""A second model that follows an answer while another model gives it."""

from __future__ import annotations

from collections.abc import Sequence

from drs_reference.gateway.sampling import Decoding, Floats, Model, log_probabilities

__all__ = ["Companion"]


class Companion:
    """What a second model would say next in the answer to (role, text) messages.

    It has the vocabulary of the first. Serves the choices of one request, in any order.
    """

    def __init__(self, model: Model, messages: Sequence[tuple[str, str]]) -> None:
        self._root = model.start(messages)
        self._known: dict[tuple[int, ...], Decoding] = {}

    def log_probabilities(self, before: Sequence[int]) -> Floats:
        """Natural-log probabilities (vocabulary,) after the end token and those of the answer."""
        said = tuple(before[1:])
        if said not in self._known:
            # Another choice may have taken the decoding one token back; then it is made again.
            decoding = self._known.pop(said[:-1], None)
            missing = said[-1:]
            if decoding is None:
                decoding, missing = self._root.fork(), said
            for token in missing:
                decoding.push(token)
            self._known[said] = decoding
        return log_probabilities(self._known[said].logits())
