"""The provenance hook: an auditor asks whether a corpus holds perturbed answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drs_reference.gateway.auditors_only import AuditorsOnly
from drs_reference.perturbation.provenance import METHOD, Recognition, Sample
from drs_reference.standard import VERSION

__all__ = ["BODY_MAX", "ProvenanceHook"]

BODY_MAX = 32 << 20
"""Largest body of a provenance request, bytes."""
THRESHOLDS = {"L1": 1e-3, "L2": 1e-3, "L3": 1e-6}
"""Probability of a wrong claim that each level allows (PRT-08)."""


class ProvenanceHook(AuditorsOnly):
    """Answers about texts; it knows nothing of who collected them."""

    def __init__(
        self, mechanism: str, level: str, recognise: Callable[[Iterable[Sample]], Recognition]
    ) -> None:
        self.mechanism = mechanism
        self.threshold = THRESHOLDS[level]
        self.recognise = recognise

    def answer(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ``provenance-response`` for a valid ``provenance-request``."""
        found = self.recognise(
            ([("user", sample["prompt"])] if "prompt" in sample else [], sample["response"])
            for sample in document["samples"]
        )
        recognised = found.p_value <= self.threshold
        return {
            "drs_version": VERSION,
            "corpus": document["corpus"],
            "recognised": recognised,
            "p_value": found.p_value,
            "threshold": self.threshold,
            "samples_used": found.samples_used,
            "mechanism": self.mechanism if recognised else None,
            "method": METHOD,
        }
