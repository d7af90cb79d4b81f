"""The score hook: an auditor submits a window of test data to the detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_reference.detection.detector import Detector
from drs_reference.detection.windows import Window, read_window
from drs_reference.gateway.auditors_only import AuditorsOnly
from drs_reference.json_text import BodyError, parse_object
from drs_reference.standard import VERSION

__all__ = ["BODY_MAX", "ScoreHook"]

BODY_MAX = 32 << 20
"""Largest body of a score request, bytes."""


class ScoreHook(AuditorsOnly):
    """Answers score requests; what it is shown touches no account."""

    def __init__(self, detector: Detector, false_positive_rate: float) -> None:
        self.detector = detector
        self.false_positive_rate = false_positive_rate

    def read(self, body: bytes) -> dict[str, Any]:
        """Answer a body that should be a ``score-request``. Raises ``BodyError``."""
        document = parse_object(body)
        try:
            window = read_window(document)
        except ValueError as error:
            raise BodyError(None, str(error)) from error
        return self.answer(document, window)

    def answer(self, document: Mapping[str, Any], window: Window) -> dict[str, Any]:
        """Return the document ``score-response`` for the window of a ``document``."""
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
