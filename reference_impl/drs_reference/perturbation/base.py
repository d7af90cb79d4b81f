"""What a perturbation mechanism offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import (
    Draw,
    Floats,
    Generation,
    Sampling,
    Step,
    drawn,
    untilted,
)
from drs_reference.gateway.surfaces import Bounds
from drs_reference.response.procedure import Account

__all__ = ["Applied", "KnownDraw", "Overt", "Perturbation"]


def as_declared(bounds: Bounds) -> Bounds:
    """The bounds as they are."""
    return bounds


@dataclass(frozen=True, slots=True)
class KnownDraw:
    """A draw from another law, which is known: weights and the tokens before, to probabilities."""

    law: Callable[[Floats, Sequence[int]], Floats]

    def __call__(self, law: Floats, before: Sequence[int], random: np.random.Generator) -> int:
        """A token, drawn by chance from the other law."""
        return drawn(self.law(law, before), before, random)


@dataclass(frozen=True, slots=True)
class Applied:
    """What is done to one answer.

    How it is sampled, from which logits, and by which draw; what becomes of its steps (``kind`` is
    called as ``Generation`` is); what may be asked for, and how many alternatives are returned.
    """

    sampling: Sampling
    step: Step = untilted
    draw: Draw = drawn
    kind: Callable[..., Generation] | None = None
    bounds: Callable[[Bounds], Bounds] = as_declared
    alternatives_max: int | None = None


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


class Overt:
    """A mechanism that withholds: accounts under the measure ``perturb`` know of it from the start.

    It samples as it was asked to and says nothing that the model does not say, so it has no budget.
    """

    mechanism: ClassVar[str]
    covert: ClassVar[bool] = False
    withholds_from: ClassVar[str]
    """What a surface must offer for the mechanism to have an effect: steps or log-probabilities."""

    def applied(self, account: Account, request: ChatRequest) -> Applied | None:
        """The same for each account under the measure."""
        return self.to(request) if account.under("perturb") else None

    def to(self, request: ChatRequest) -> Applied:
        """What is done to the answer to a request."""
        raise NotImplementedError
