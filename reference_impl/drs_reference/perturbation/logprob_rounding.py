"""Log-probabilities are rounded (Finlayson et al. 2024, arXiv:2403.09539).

Rounding never turns an order around, is the same for a token and for the alternatives, and averages
out over no number of repetitions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.surfaces import Bounds
from drs_reference.perturbation.base import Applied, Overt

__all__ = ["LogprobRounding", "Parameters"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """At most ``decimals`` decimal digits remain, 0 to 6; never more than are declared."""

    decimals: int


class LogprobRounding(Overt):
    """The mechanism."""

    mechanism = "logprob-rounding"
    withholds_from = "log-probabilities"

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def to(self, request: ChatRequest) -> Applied:
        """Fewer digits are shown."""
        return Applied(request.sampling, bounds=self._coarser)

    def _coarser(self, bounds: Bounds) -> Bounds:
        decimals = min(bounds.logprob_decimals, self.parameters.decimals)
        return replace(bounds, logprob_decimals=decimals)
