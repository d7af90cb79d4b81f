"""A summary stands in for the reasoning: how many steps there are, and of which kinds.

It is counted from the trace itself, so it says nothing that is not so. Counts are words: all the
numbers of an answer are the model's. The tokens are written, not drawn, and have probability one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.reasoning import ReasonedGeneration
from drs_reference.gateway.sampling import Chosen, Model
from drs_reference.perturbation.base import Applied, Overt
from drs_reference.perturbation.trace import steps, text_of

__all__ = ["Parameters", "TraceSummary", "summaries"]

_KINDS = (
    ("sum", re.compile(r"\d\+\d")),
    ("difference", re.compile(r"\d-\d")),
    ("product", re.compile(r"\d\*\d")),
    ("letter", re.compile(r"[a-z]->[a-z]")),
)
_OTHER = "other"
_NUMBERS = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """A summary has at most ``tokens_max`` tokens."""

    tokens_max: int


def _kind(step: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(step)), _OTHER)


def _counted(number: int, noun: str) -> str:
    count = _NUMBERS[number - 1] if number <= len(_NUMBERS) else f"more than {_NUMBERS[-1]}"
    return f"{count} {noun}{'s' * (number != 1)}"


def summaries(taken: Sequence[str]) -> tuple[str, ...]:
    """Summaries of steps, the longest first; the last one is empty."""
    if not taken:
        return ("",)
    kinds = Counter(map(_kind, taken))
    number = _counted(len(taken), "step")
    counted = ", ".join(_counted(count, kind) for kind, count in kinds.items())
    return f"In {number}: {counted}.", f"In {number}.", ""


class TraceSummary(Overt):
    """The mechanism."""

    mechanism = "trace-summary"
    withholds_from = "steps"

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def to(self, request: ChatRequest) -> Applied:
        """A summary is shown instead of the steps."""
        return Applied(request.sampling, kind=partial(ReasonedGeneration, reveal=self._reveal))

    def _reveal(
        self, model: Model, trace: Sequence[Chosen]
    ) -> tuple[list[Chosen], Sequence[Chosen]]:
        encoded = map(model.tokenizer.encode, summaries([text_of(step) for step in steps(trace)]))
        tokens = next(found for found in encoded if len(found) <= self.parameters.tokens_max)
        written = [Chosen(token, model.tokenizer.token_text(token), 0.0, ()) for token in tokens]
        return written, trace
