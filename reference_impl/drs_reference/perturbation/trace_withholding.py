"""The reasoning is withheld, as on a surface that withholds it from everybody."""

from __future__ import annotations

from dataclasses import dataclass

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.reasoning import ReasonedGeneration
from drs_reference.perturbation.base import Applied, Overt

__all__ = ["Parameters", "TraceWithholding"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """There are none."""


class TraceWithholding(Overt):
    """The mechanism."""

    mechanism = "trace-withholding"
    withholds_from = "steps"

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def to(self, request: ChatRequest) -> Applied:
        """No step is shown."""
        return Applied(request.sampling, kind=ReasonedGeneration)
