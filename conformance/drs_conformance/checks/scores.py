"""What the target's detector says of submitted windows; one window serves several checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from drs_conformance.checks.auditor_hooks import ask_hook
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.on_demand import OnDemand
from drs_conformance.ledger import Exchange
from drs_conformance.traffic.windows import ordinary

__all__ = ["Scored", "benign_windows", "score", "windows"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A window that was submitted, and the answer."""

    window: Mapping[str, Any]
    exchange: Exchange
    document: Mapping[str, Any]

    @property
    def e_value(self) -> float:
        """The score of the window."""
        return float(self.document["e_value"])

    @property
    def flagged(self) -> frozenset[str]:
        """The accounts of clusters that are flagged."""
        return frozenset(
            account
            for cluster in self.document["clusters"]
            if cluster["e_value"] >= self.document["threshold"]
            for account in cluster["accounts"]
        )


def windows(
    lab: Lab, kind: str, make: Callable[[Random, str], Mapping[str, Any]]
) -> OnDemand[Scored]:
    """Return windows of one kind, submitted on demand."""

    def submit(number: int) -> Scored:
        rng = Random(lab.key(f"{kind} {number}"))
        return score(lab, make(rng, f"w-{rng.getrandbits(40):x}"))

    return OnDemand(lab, submit)


def benign_windows(lab: Lab) -> OnDemand[Scored]:
    """Return the ordinary weeks of this run."""
    return lab.episode("benign-windows", lambda own: windows(own, "ordinary week", ordinary))


def score(lab: Lab, window: Mapping[str, Any]) -> Scored:
    """Submit a window."""
    document, exchange = ask_hook(lab, "score", window, "score-response")
    return Scored(window, exchange, document)
