"""What a perturbation mechanism offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Draw, Floats, Sampling, Step, drawn, untilted
from drs_reference.response.procedure import Account


@dataclass(frozen=True, slots=True)
class KnownDraw:
    """A draw from another law, which is known: weights and the tokens before, to probabilities."""

    law: Callable[[Floats, Sequence[int]], Floats]

    def __call__(self, law: Floats, before: Sequence[int], random: np.random.Generator) -> int:
        """A token, drawn by chance from the other law."""
        return drawn(self.law(law, before), before, random)


@dataclass(frozen=True, slots=True)
class Applied:
    """What is done to one answer: how it is sampled, from which logits, and by which draw."""

    sampling: Sampling
    step: Step = untilted
    draw: Draw = drawn


class Perturbation(Protocol):
    """A mechanism of the mechanisms registry."""

    @property
    def mechanism(self) -> str:
        """Entry of the mechanisms registry."""

    @property
    def covert(self) -> bool:
        """Whether the class of the mechanism is covert."""

    def applied(self, account: Account, request: ChatRequest) -> Applied | None:
        """What is done to the answer to a request of an account; None where it is left alone."""
