"""What the target's detector says of submitted windows; one window serves several checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Untestable
from drs_conformance.ledger import Exchange
from drs_conformance.traffic.windows import ordinary

__all__ = ["AUDITOR", "Scored", "Windows", "benign_windows", "declared_rate", "score"]

AUDITOR = "auditor"


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


class Windows:
    """Windows of one kind, submitted on demand and kept."""

    def __init__(
        self, lab: Lab, kind: str, make: Callable[[Random, str], Mapping[str, Any]]
    ) -> None:
        self._lab = lab
        self._kind = kind
        self._make = make
        self._scored: list[Scored] = []

    def scored(self, lab: Lab) -> Iterator[Scored]:
        """Yield every window from the first one, and submit those nobody has asked for yet.

        What is sent counts as sent by ``lab``.
        """
        number = 0
        while True:
            if number == len(self._scored):
                rng = Random(self._lab.key(f"{self._kind} {number}"))
                self._scored.append(score(self._lab, self._make(rng, f"w-{rng.getrandbits(40):x}")))
                if lab is not self._lab:
                    lab.exchanges.append(self._scored[number].exchange)
            yield self._scored[number]
            number += 1


def benign_windows(lab: Lab) -> Windows:
    """Return the ordinary weeks of this run."""
    return lab.episode("benign-windows", lambda own: Windows(own, "ordinary week", ordinary))


def score(lab: Lab, window: Mapping[str, Any]) -> Scored:
    """Submit a window."""
    path = lab.declaration.hook("score")
    if path is None:
        raise Untestable("the declaration names no score hook", lab.declaration)
    exchange = lab.post(path, window, AUDITOR)
    if exchange.status != 200:
        raise Untestable(f"a window was answered {exchange.status}, expected 200", exchange)
    return Scored(window, exchange, lab.document(exchange, "score-response"))


def declared_rate(lab: Lab) -> float:
    """Return the declared rate of false alarms, or what counts as declared where it is left out."""
    declaration = lab.declaration
    said = declaration.document.get("good_standing", {}).get("false_positive_rate")
    if said is not None:
        return float(said)
    (bound,) = (b for b in lab.registry("bounds")["bounds"] if b["id"] == "false-positives")
    return float(bound["worst"][declaration.document["level"]])
