"""Sampling from the product of the model and a power of a second expert, normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drs_reference.gateway.sampling import Logits, Model, Step
from drs_reference.perturbation.companion import Companion
from drs_reference.perturbation.covert import ENTROPY_FLOOR
from drs_reference.perturbation.experimental import ExperimentalMechanism
from drs_reference.perturbation.schema_part import Parameters

__all__ = ["ProductOfExperts", "ProductParameters"]


@dataclass(frozen=True)
class ProductParameters(Parameters):
    """Exponent of the second expert."""

    mechanism: ClassVar[str] = "product-of-experts"
    strength: float = 0.3


class ProductOfExperts(ExperimentalMechanism):
    """The mechanism with its second expert, which has the vocabulary of the model."""

    kind = ProductParameters

    def __init__(
        self,
        expert: Model,
        parameters: ProductParameters | None = None,
        *,
        entropy_floor: float = ENTROPY_FLOOR,
    ) -> None:
        super().__init__(entropy_floor)
        self._expert = expert
        self.parameters = parameters or ProductParameters()

    def tilt(self, messages: Sequence[tuple[str, str]]) -> Step:
        """Logits plus the strength times the log-probabilities of the expert.

        What the expert excludes and the model does not is as improbable as float32 can say.
        """
        companion = Companion(self._expert, messages)

        def step(logits: Logits, before: Sequence[int]) -> Logits:
            second = np.maximum(companion.log_probabilities(before), np.log(np.finfo("f4").tiny))
            tilted: Logits = (logits + self.parameters.strength * second).astype(np.float32)
            return tilted

        return step
