"""Loading the model and decoding one sequence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drs_reference.model.network import Array, Network
from drs_reference.model.prompt import render
from drs_reference.model.tokenizer import END, SPECIALS, Tokenizer
from drs_reference.model.weights import Metadata, WeightsError, load_weights

SHIPPED_WEIGHTS = Path(__file__).with_name("weights.npz")


class LanguageModel:
    """Weights and tokenizer; immutable, so one instance serves any number of decodings."""

    def __init__(self, network: Network, tokenizer: Tokenizer, metadata: Metadata) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.metadata = metadata
        self.end = END

    @classmethod
    def load(cls, path: Path | None = None) -> LanguageModel:
        """The model of a weights file, by default the one that is shipped.

        Raises ``WeightsError`` if the file is missing, damaged or made for another vocabulary.
        """
        source = SHIPPED_WEIGHTS if path is None else path
        metadata, arrays = load_weights(source)
        tokenizer = Tokenizer()
        if metadata.vocabulary_sha256 != tokenizer.digest:
            raise WeightsError(
                f"{source} was trained with another vocabulary "
                f"(sha256 {metadata.vocabulary_sha256[:12]}, here {tokenizer.digest[:12]}): "
                "train it again with reference_impl/training/train_model.py"
            )
        return cls(Network(metadata.config, arrays), tokenizer, metadata)

    @property
    def context(self) -> int:
        """Tokens that the network sees at most; of a longer prompt it sees the last ones."""
        return self.network.config.context

    def start(self, messages: Sequence[tuple[str, str]]) -> Decoding:
        """Begin the next assistant message after (role, text) pairs, in the order they were said.

        No prompt is too long. Raises ``ValueError`` for a role other than system, user, assistant
        and tool.
        """
        return Decoding(self.network, render(self.tokenizer, messages))

    def follow(self, messages: Sequence[tuple[str, str]], answer: str) -> tuple[list[int], Array]:
        """Tokens of an answer, and the logits (tokens, vocabulary) of the place of each.

        What does not fit into the context beside the messages is left out.
        """
        prompt = render(self.tokenizer, messages)[-self.context :]
        tokens = self.tokenizer.encode(answer)[: self.context - len(prompt)]
        _, logits = self.network.prefill([*prompt, *tokens])
        return tokens, _without_specials(logits[len(prompt) - 1 : len(prompt) - 1 + len(tokens)])


class Decoding:
    """One sequence that is being generated, independent of all others.

    The logits depend on nothing but the messages and the tokens pushed, bit for bit on one
    machine. ``prompt_tokens`` counts the rendered prompt, also the part beyond the context.
    Not to be pushed to by two threads at once.
    """

    __slots__ = ("_cache", "_logits", "_network", "_window", "prompt_tokens")

    def __init__(self, network: Network, prompt: list[int]) -> None:
        self.prompt_tokens = len(prompt)
        self._network = network
        self._window: list[int] = []
        self._prefill(prompt[-network.config.context :])

    def logits(self) -> Array:
        """Scores of the next token, a fresh float32 array (vocabulary,).

        Special tokens other than ``<end>`` are -inf.
        """
        return _without_specials(self._logits)

    def push(self, token: int) -> None:
        """Append the chosen token.

        When the context is full, the older half of it is forgotten. ``<end>`` may be pushed and
        generation goes on after it. Raises ``ValueError`` if there is no such token.
        """
        config = self._network.config
        if not 0 <= token < config.vocabulary:
            raise ValueError(f"a token must lie in 0..{config.vocabulary - 1}, not {token}")
        if len(self._window) == config.context:
            self._prefill([*self._window[-(config.context // 2) + 1 :], int(token)])
            return
        self._window.append(int(token))
        self._logits = self._network.step(self._cache, int(token))

    def fork(self) -> Decoding:
        """An independent decoding in the same state."""
        twin = Decoding.__new__(Decoding)
        twin.prompt_tokens = self.prompt_tokens
        twin._network = self._network
        twin._window = self._window.copy()
        twin._cache = self._cache.copy()
        twin._logits = self._logits
        return twin

    def _prefill(self, window: list[int]) -> None:
        self._window = window
        self._cache, logits = self._network.prefill(window)
        self._logits = logits[-1]


def _without_specials(logits: Array) -> Array:
    """A copy in which special tokens other than ``<end>`` are impossible."""
    allowed = logits.copy()
    allowed[..., END + 1 : len(SPECIALS)] = -np.inf
    return allowed


def log_softmax(logits: Array) -> Array:
    """Natural-log probabilities over the last axis; -inf stays -inf."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
