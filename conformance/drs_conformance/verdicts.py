"""The six verdicts and their order (chapter Conformance)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

__all__ = ["SEVERITY", "Verdict", "worst"]

Verdict = Literal[
    "fail", "harness-error", "untestable", "inconclusive", "pass", "not-applicable"
]
SEVERITY: tuple[Verdict, ...] = (
    "fail",
    "harness-error",
    "untestable",
    "inconclusive",
    "pass",
    "not-applicable",
)
"""From the worst to the best."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of one or more verdicts."""
    return min(verdicts, key=SEVERITY.index)
