"""What a request may expose: declared bounds, rounding, members that ask for raw outputs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.surfaces import Bounds, Surface


@dataclass(frozen=True, slots=True)
class OutOfBounds:
    """The parameter that asks for too much and the most that it may be."""

    parameter: str
    limit: int


class ExposureRules:
    """The declared bounds of a surface at work."""

    def __init__(self, bounds: Bounds, raw_outputs: Mapping[str, Any]) -> None:
        """``raw_outputs`` is the registry of that name."""
        self.bounds = bounds
        self.raw_members = tuple(sorted({str(entry["member"]) for entry in raw_outputs["entries"]}))

    def on(self, surface: Surface) -> Self:
        """The rules as they are on one surface."""
        return self.narrowed(surface.within)

    def narrowed(self, bounds: Callable[[Bounds], Bounds]) -> Self:
        """The rules with other bounds, made of the present ones."""
        rules = copy.copy(self)
        rules.bounds = bounds(self.bounds)
        return rules

    def violation(self, request: ChatRequest, body: Mapping[str, Any]) -> OutOfBounds | None:
        """The first bound that a request breaks, or None."""
        for member in self.raw_members:
            asked = body.get(member)
            if asked is not None and asked is not False:
                return OutOfBounds(member, 0)
        if request.top_logprobs > self.bounds.top_logprobs_max:
            return OutOfBounds("top_logprobs", self.bounds.top_logprobs_max)
        if request.logprobs and not self.bounds.top_logprobs_max:
            return OutOfBounds("logprobs", 0)
        if request.choices > self.bounds.choices_max:
            return OutOfBounds("n", self.bounds.choices_max)
        if request.logprobs and request.logit_bias:
            return OutOfBounds("logit_bias", 0)
        return None

    def logprob(self, value: float) -> float:
        """A log-probability (nats) as it is returned: rounded, and never minus zero."""
        return round(value, self.bounds.logprob_decimals) + 0.0
