"""Mechanisms that are measured in the laboratory and applied to no account."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Logits, Sampling, Step
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.covert import ENTROPY_FLOOR
from drs_reference.perturbation.green_list import entropy
from drs_reference.perturbation.schema_part import Parameters
from drs_reference.response.procedure import Account

__all__ = ["ExperimentalMechanism"]


class ExperimentalMechanism(ABC):
    """A covert mechanism whose registry entry is experimental."""

    covert = True
    kind: ClassVar[type[Parameters]]
    """Its parameters."""

    def __init__(self, entropy_floor: float = ENTROPY_FLOOR) -> None:
        self.entropy_floor = entropy_floor

    @property
    def mechanism(self) -> str:
        """Entry of the mechanisms registry."""
        return self.kind.mechanism

    def applied(self, account: Account, request: ChatRequest) -> None:
        """Nothing, for any account."""
        return

    def answering(
        self,
        messages: Sequence[tuple[str, str]],
        sampling: Sampling,
        account: str = "",
        cluster: str | None = None,
    ) -> Applied:
        """What is done to the answer to (role, text) messages, in the laboratory."""
        tilted = self.tilt(messages)

        def step(logits: Logits, before: Sequence[int]) -> Logits:
            return logits if entropy(logits) < self.entropy_floor else tilted(logits, before)

        return Applied(sampling, step)

    @abstractmethod
    def tilt(self, messages: Sequence[tuple[str, str]]) -> Step:
        """Logits and the tokens before to perturbed logits, above the entropy floor."""
