"""An endpoint that hides nothing, made up from a seed: the positive control of the attacks.

A softmax over a linear layer of known hidden size. The hidden states of different prompts have a
part in common, as those of related prompts do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from drs_conformance.checks.hidden_size import Attack, Interface

__all__ = ["OpenEndpoint", "overcome"]

_VOCABULARY = 256
_DECIMALS, _CHOICES = 4, 8
_TRIES = 2
_LIKELY = 8
"""Tokens that stand out at every prompt."""


class OpenEndpoint:
    """Answers in memory, as widely as level L2 allows; see `hidden_size.Interface`."""

    alternatives = 5
    step = 10.0**-_DECIMALS

    def __init__(self, seed: int, hidden: int) -> None:
        """Draw a model of the hidden size ``hidden``."""
        self.requests = 0
        self._hidden = hidden
        self._random = np.random.default_rng(seed)
        self._states: dict[str, NDArray[np.float64]] = {}
        self._layer = self._random.normal(size=(hidden, _VOCABULARY)) / np.sqrt(hidden)
        self._usual = np.where(np.arange(_VOCABULARY) < _LIKELY, 4.0, -4.0)
        self._usual = self._random.permutation(self._usual)

    def ask(
        self, prompt: str, *, temperature: float, bias: Mapping[str, float] | None = None
    ) -> Mapping[str, float]:
        """Return alternatives and drawn tokens; a bias shows in both."""
        self.requests += 1
        if prompt not in self._states:
            self._states[prompt] = self._random.normal(size=self._hidden)
        logits = self._states[prompt] @ self._layer + self._usual
        for identifier, value in (bias or {}).items():
            logits[int(identifier)] += value
        values = logits - logits.max()
        values -= np.log(np.exp(values).sum())
        shown = list(np.argsort(-values)[: self.alternatives])
        if temperature > 0:
            heated = np.exp(values / temperature)
            drawn = self._random.choice(_VOCABULARY, _CHOICES, p=heated / heated.sum())
            shown += list(drawn)
        return {f"t{token}": round(float(values[token]), _DECIMALS) for token in shown}


def overcome(
    attack: Callable[[Interface, Sequence[str]], Attack],
    prompts: Sequence[str],
    hidden_max: int,
    seed: int,
) -> Attack | None:
    """Try an attack on an endpoint of a hidden size of ``hidden_max`` or less, down to half of it.

    Returns the attack if it found that size; None if it did not, twice.
    """
    random = Random(seed)
    for _ in range(_TRIES):
        hidden = random.randint((hidden_max + 1) // 2, hidden_max)
        attacked = attack(OpenEndpoint(random.getrandbits(32), hidden), prompts)
        if attacked.size == hidden:
            return attacked
    return None
