"""The six verdicts and their order (chapter Conformance), and what leads to one.

A check returns when its requirement holds and raises one of the findings below when it does not,
or when that could not be found out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

__all__ = [
    "SEVERITY",
    "Evidence",
    "Finding",
    "Inconclusive",
    "NotApplicable",
    "Untestable",
    "Verdict",
    "Violation",
    "worst",
]

Verdict = Literal["fail", "harness-error", "untestable", "inconclusive", "pass", "not-applicable"]
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


class Evidence(Protocol):
    """Anything that stands for an exchange in the journal."""

    @property
    def id(self) -> str:
        """Identifier of the exchange."""


class Finding(Exception):
    """What a check found: a one-line summary, a longer cause, and the exchanges that show it."""

    def __init__(self, summary: str, *evidence: Evidence, cause: str | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.cause = cause
        self.evidence = tuple(dict.fromkeys(item.id for item in evidence))


class Violation(Finding):
    """The target does not do what the requirement asks: verdict fail."""


class NotApplicable(Finding):
    """The requirement is about something that the target declares it does not have."""


class Untestable(Finding):
    """The target could not be brought, or did not answer, to where the test can begin."""


class Inconclusive(Finding):
    """The evidence decides neither way."""
