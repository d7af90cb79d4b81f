"""The active mechanisms at their defaults, and what answers of theirs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drs_reference.gateway.sampling import Generating, Generation, Model
from drs_reference.perturbation.base import Applied, Overt
from drs_reference.perturbation.best_of_n import BestOfN
from drs_reference.perturbation.bucketed import BucketedSampling
from drs_reference.perturbation.green_list import GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelWatermark
from drs_reference.perturbation.overt import overt_from
from drs_reference.perturbation.tournament import TournamentWatermark

__all__ = ["BEST_OF_N", "COVERT", "DURING", "KEY", "OVERT", "Answer", "answer", "key_of", "said"]

BEST_OF_N = "best-of-n-selection"
DURING: Mapping[str, Any] = {
    kind.kind.mechanism: kind
    for kind in (GreenListWatermark, TournamentWatermark, GumbelWatermark, BucketedSampling)
}
"""Covert mechanisms that act while an answer is made, by a key."""
COVERT: Mapping[str, Any] = {**DURING, BEST_OF_N: BestOfN}
_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "step-elision": {"share": 0.5, "applies_to": "every-response"},
    "trace-summary": {"tokens_max": 12},
    "trace-withholding": {},
    "logprob-refusal": {},
    "logprob-truncation": {"alternatives_max": 2},
    "logprob-rounding": {"decimals": 1},
}


def key_of(number: int) -> bytes:
    """One of many keys."""
    return b"benchmark" + number.to_bytes(16, "big")


KEY = key_of(0)
OVERT: Mapping[str, Overt] = {
    name: overt_from({"mechanism": name, "parameters": parameters}, KEY)
    for name, parameters in _PARAMETERS.items()
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: the text, its tokens with the one that ended it, a tool call, a refusal."""

    text: str
    tokens: Sequence[int] = ()
    call: tuple[str, str] | None = None
    refusal: str = ""


def said(generation: Generating, end: int) -> Answer:
    """The only choice of a generation."""
    parts = list(generation.emissions())
    last, tokens = parts[-1], [token.token for part in parts for token in part.tokens]
    call = (last.call.name, last.call.arguments) if last.call else None
    text = "".join(part.text for part in parts)
    return Answer(text, [*tokens, end] if last.finish == "stop" else tokens, call, last.refusal)


def answer(model: Model, messages: Sequence[tuple[str, str]], applied: Applied) -> Answer:
    """The answer to (role, text) messages under a mechanism that acts while it is made."""
    made = Generation(model, messages, applied.sampling, perturb=applied.step, draw=applied.draw)
    return said(made, model.end)
