"""What is done to the answers of a harvesting account: a line of the table for each condition."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.perturbation.base import Applied, Perturbation
from drs_reference.perturbation.bucketed import BucketedParameters, BucketedSampling
from drs_reference.perturbation.green_list import GreenListParameters, GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelParameters, GumbelWatermark
from drs_reference.perturbation.schema_part import Parameters
from drs_reference.perturbation.step_elision import Parameters as ElisionParameters
from drs_reference.perturbation.step_elision import StepElision
from drs_reference.response.ladder import Position
from drs_reference.response.measures import Measure
from drs_reference.response.procedure import Account

__all__ = ["CONDITIONS", "NONE", "Condition", "Unperturbed", "key_of", "suspected"]

NONE = "none"
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


class Unperturbed:
    """The mechanism of an endpoint that has none."""

    mechanism = NONE
    covert = False

    def applied(self, account: Account, request: ChatRequest) -> Applied | None:
        """Nothing is done."""
        return None


def unperturbed(key: bytes) -> Perturbation:
    """No mechanism, whatever the key."""
    return Unperturbed()


@dataclass(frozen=True, slots=True)
class Condition:
    """How an endpoint answers the harvester, and which attackers it is put to.

    ``mechanism`` is an entry of the registry, or None for a baseline. ``perturbation`` makes the
    mechanism from a key. With ``withholds`` the surface is harvested that keeps steps back. Of
    ``attacks`` the first is held to be the strongest. ``marked`` answers bear a mark that whoever
    holds the key may look for.
    """

    name: str
    mechanism: str | None = None
    perturbation: Callable[[bytes], Perturbation] = unperturbed
    parameters: Mapping[str, Any] = field(default_factory=dict)
    withholds: bool = False
    temperature: float = 1.0
    attacks: tuple[str, ...] = ()
    marked: bool = False


_WORDS = ("paraphrase", "majority-vote", "pooled-vote", "deduplicate", "filter-validity")
_STEPS = ("majority-vote", "filter-completeness", "pooled-vote", "reorder")
_ELIDED = 0.5


def _covert(
    name: str,
    make: Callable[[bytes, Any], Perturbation],
    parameters: Parameters,
    *,
    marked: bool = True,
) -> Condition:
    return Condition(
        name,
        parameters.mechanism,
        lambda key: make(key, parameters),
        asdict(parameters),
        attacks=_WORDS,
        marked=marked,
    )


def _step_elision(key: bytes) -> Perturbation:
    return StepElision(ElisionParameters(_ELIDED, "every-response"), key)


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition(NONE),
        Condition("temperature 1.5", temperature=1.5, attacks=("filter-validity",)),
        _covert("green list 0.25", GreenListWatermark, GreenListParameters(delta=0.25)),
        _covert("green list 2", GreenListWatermark, GreenListParameters(delta=2, context_tokens=1)),
        _covert("gumbel", GumbelWatermark, GumbelParameters(context_tokens=2)),
        _covert("bucketed", BucketedSampling, BucketedParameters(), marked=False),
        Condition(
            "steps elided",
            "step-elision",
            _step_elision,
            {"share": _ELIDED, "applies_to": "every-response"},
            attacks=_STEPS,
        ),
        Condition(
            "answer only",
            "trace-withholding",
            withholds=True,
            attacks=("prefill", "majority-vote", "pooled-vote", "reorder"),
        ),
    )
}


def key_of(condition: str, seed: int) -> bytes:
    """The key of a mechanism under a seed of the lab, 32 bytes."""
    return hashlib.sha256(f"efficacy {condition} {seed}".encode()).digest()


def suspected(identifier: str) -> Account:
    """An account that is under the measure ``perturb``."""
    position = Position("perturbed", _SINCE, _SINCE)
    return Account(identifier, None, None, position, _SINCE, (Measure("perturb", _SINCE),))
