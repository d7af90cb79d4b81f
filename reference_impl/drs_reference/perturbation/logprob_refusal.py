"""Requests for log-probabilities are refused (Carlini et al. 2024, arXiv:2403.06634)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.surfaces import Bounds
from drs_reference.perturbation.base import Applied, Overt

__all__ = ["LogprobRefusal", "Parameters"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """There are none."""


class LogprobRefusal(Overt):
    """The mechanism."""

    mechanism = "logprob-refusal"
    withholds_from = "log-probabilities"

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def to(self, request: ChatRequest) -> Applied:
        """No log-probabilities may be asked for."""
        return Applied(request.sampling, bounds=_none)


def _none(bounds: Bounds) -> Bounds:
    return replace(bounds, top_logprobs_max=0)
