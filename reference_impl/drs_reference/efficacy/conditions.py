"""What is done to the answers of a harvesting account: a line of the table for each condition."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.perturbation.base import Applied, Perturbation
from drs_reference.perturbation.green_list import GreenListParameters, GreenListWatermark
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
    ``attacks`` the first is held to be the strongest.
    """

    name: str
    mechanism: str | None = None
    perturbation: Callable[[bytes], Perturbation] = unperturbed
    parameters: Mapping[str, Any] = field(default_factory=dict)
    withholds: bool = False
    temperature: float = 1.0
    attacks: tuple[str, ...] = ()

    @property
    def keyed(self) -> bool:
        """Whether who holds a key may recognise the answers."""
        return self.perturbation is not unperturbed


def _green_list(delta: float) -> Condition:
    return Condition(
        f"green list {delta:g}",
        "green-list-watermark",
        lambda key: GreenListWatermark(key, GreenListParameters(delta=delta)),
        {"delta": delta, "gamma": 0.5, "context_tokens": 1},
        attacks=("paraphrase", "majority-vote", "pooled-vote", "deduplicate", "filter-validity"),
    )


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition(NONE),
        Condition("temperature 1.5", temperature=1.5, attacks=("filter-validity",)),
        _green_list(0.25),
        _green_list(1),
        _green_list(2),
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
