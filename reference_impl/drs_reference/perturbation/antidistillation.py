"""Antidistillation sampling (Savani et al. 2025, arXiv:2504.13146): what teaches is said less.

Two proxy students that lie a small step of training apart tell the direction in which a student
learns: a token is penalised by how much its log-probability rises from the first to the second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drs_reference.gateway.sampling import Logits, Model, Step
from drs_reference.perturbation.companion import Companion
from drs_reference.perturbation.covert import ENTROPY_FLOOR
from drs_reference.perturbation.experimental import ExperimentalMechanism
from drs_reference.perturbation.schema_part import Parameters

__all__ = ["Antidistillation", "AntidistillationParameters"]


@dataclass(frozen=True)
class AntidistillationParameters(Parameters):
    """Weight of the penalty, and least probability of a sampled token beside the most probable."""

    mechanism: ClassVar[str] = "antidistillation-sampling"
    strength: float = 0.25
    plausibility_floor: float = 0.01


class Antidistillation(ExperimentalMechanism):
    """The mechanism with a proxy student before and after it learnt, ``step_size`` apart."""

    kind = AntidistillationParameters

    def __init__(
        self,
        student: Model,
        taught: Model,
        parameters: AntidistillationParameters | None = None,
        *,
        step_size: float = 1.0,
        entropy_floor: float = ENTROPY_FLOOR,
    ) -> None:
        super().__init__(entropy_floor)
        self._student = student
        self._taught = taught
        self._step_size = step_size
        self.parameters = parameters or AntidistillationParameters()

    def tilt(self, messages: Sequence[tuple[str, str]]) -> Step:
        """Logits less the strength times the direction; implausible tokens become impossible."""
        student, taught = Companion(self._student, messages), Companion(self._taught, messages)
        floor = self.parameters.plausibility_floor
        lowest = math.log(floor) if floor else -math.inf

        def step(logits: Logits, before: Sequence[int]) -> Logits:
            after, at_first = (
                np.maximum(model.log_probabilities(before), np.log(np.finfo("f4").tiny))
                for model in (taught, student)
            )
            learnt = (after - at_first) / self._step_size
            tilted: Logits = (logits - self.parameters.strength * learnt).astype(np.float32)
            tilted[logits - logits.max() < lowest] = -np.inf
            return tilted

        return step
