"""Fewer alternatives than asked for are returned (Carlini et al. 2024, arXiv:2403.06634).

The token that stands in the answer keeps its log-probability.
"""

from __future__ import annotations

from dataclasses import dataclass

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.perturbation.base import Applied, Overt

__all__ = ["LogprobTruncation", "Parameters"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """At most ``alternatives_max`` tokens a position, 0 to 20."""

    alternatives_max: int


class LogprobTruncation(Overt):
    """The mechanism."""

    mechanism = "logprob-truncation"
    withholds_from = "log-probabilities"

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def to(self, request: ChatRequest) -> Applied:
        """The most probable alternatives are returned."""
        return Applied(request.sampling, alternatives_max=self.parameters.alternatives_max)
