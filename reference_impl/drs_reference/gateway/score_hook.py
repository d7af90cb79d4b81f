"""The score hook: an auditor submits a window of test data to the detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_reference.detection.detector import Detector
from drs_reference.detection.windows import read_window
from drs_reference.gateway.body import BodyError
from drs_reference.standard import VERSION

__all__ = ["BODY_MAX", "ScoreHook"]

BODY_MAX = 32 << 20
"""Largest body of a score request, bytes."""


class ScoreHook:
    """Answers score requests; what it is shown touches no account."""

    def __init__(self, detector: Detector, false_positive_rate: float) -> None:
        self.detector = detector
        self.false_positive_rate = false_positive_rate

    def allowed(self, is_auditor: bool) -> bool:
        """Whether the caller may ask."""
        return is_auditor

    def answer(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document ``score-response`` for a valid ``score-request``.

        Raises ``BodyError`` for a time that is none.
        """
        try:
            window = read_window(document)
        except ValueError as error:
            raise BodyError(None, str(error)) from error
        score = self.detector.score(window)
        return {
            "drs_version": VERSION,
            "window": window.id,
            "detector": {"name": self.detector.name, "version": self.detector.version},
            "e_value": score.e_value,
            "clusters": [
                {
                    "accounts": list(cluster.accounts),
                    "e_value": e_value,
                    "kinds": list(cluster.evidence.kinds),
                }
                for cluster, e_value in score.clusters
            ],
            "threshold": 1 / self.false_positive_rate,
        }
