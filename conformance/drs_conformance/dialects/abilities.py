"""What the requests of a dialect can say, and what becomes of a request that says more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from drs_conformance.dialects.neutral import ChatRequest

__all__ = ["PARAMETERS", "Abilities", "Inexpressible"]

PARAMETERS = {
    "top_p": "limit on the mass that is sampled from (top_p)",
    "seed": "seeds",
    "n": "several choices (n)",
    "logprobs": "log-probabilities",
    "logit_bias": "token bias",
    "stop": "stop sequences",
    "stream": "streams",
    "user": "names of end users",
    "schema": "structured output",
    "tools": "tools",
}
"""Members of a request that a dialect may lack, and what to call them."""


class Inexpressible(Exception):
    """A dialect has no way to ask for something. `parameter` is a member of `ChatRequest`."""

    def __init__(self, dialect: str, parameter: str, what: str) -> None:
        super().__init__(f"the dialect {dialect} has no {what}")
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the requests of a dialect can say beside messages, `max_tokens` and `temperature`.

    `parameters` are those of `PARAMETERS` that it has. `temperature_max` is the highest that it
    takes. `one_sampler` means that it takes `temperature` or `top_p`, and refuses both at once.
    """

    parameters: frozenset[str]
    temperature_max: float = 2.0
    one_sampler: bool = False

    def has(self, parameter: str) -> bool:
        """Tell whether a request can hold a parameter."""
        return parameter in self.parameters

    def lacks(self) -> list[str]:
        """Return what cannot be asked for, by the names of `PARAMETERS`."""
        return [what for name, what in PARAMETERS.items() if name not in self.parameters]

    def missing(self, request: ChatRequest) -> tuple[str, str] | None:
        """Return the first member of a request that the dialect cannot express, and what it is."""
        for name, what in PARAMETERS.items():
            if name not in self.parameters and _is_asked(request, name):
                return name, what
        if request.temperature is not None and request.temperature > self.temperature_max:
            return "temperature", f"temperatures above {self.temperature_max:g}"
        if self._samples_twice(request):
            return "top_p", "top_p beside a temperature"
        return None

    def fitted(self, request: ChatRequest) -> ChatRequest:
        """Return a request without what the dialect cannot express; the same where it can all."""
        changes: dict[str, Any] = {
            name: _UNASKED[name]
            for name in PARAMETERS
            if name not in self.parameters and _is_asked(request, name)
        }
        if "logprobs" in changes:
            changes["top_logprobs"] = None
        if request.temperature is not None and request.temperature > self.temperature_max:
            changes["temperature"] = self.temperature_max
        if self._samples_twice(request):
            changes["top_p"] = None
        return replace(request, **changes) if changes else request

    def _samples_twice(self, request: ChatRequest) -> bool:
        has_both = request.temperature is not None and request.top_p is not None
        return self.one_sampler and has_both


_UNASKED: dict[str, Any] = dict.fromkeys(PARAMETERS)
_UNASKED |= {"logprobs": False, "stream": False, "stop": (), "tools": ()}


def _is_asked(request: ChatRequest, parameter: str) -> bool:
    value = getattr(request, parameter)
    if parameter == "n":
        return value is not None and value != 1
    if parameter == "logprobs":
        return bool(value) or request.top_logprobs is not None
    return bool(value != _UNASKED[parameter])
