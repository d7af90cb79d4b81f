"""How a check names its requirement and says what it found.

A check is a function ``test_*(lab)`` decorated with ``@requirement("DCL-01")``. It returns when
the requirement holds and raises one of the exceptions below when it does not, or when that could
not be found out. Any other exception is a fault of the suite and becomes a harness-error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import pytest

__all__ = [
    "Evidence",
    "Finding",
    "Inconclusive",
    "NotApplicable",
    "Untestable",
    "Violation",
    "expect",
    "requirement",
]

Check = TypeVar("Check", bound=Callable[..., None])


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


def requirement(identifier: str) -> Callable[[Check], Check]:
    """Mark a function as (part of) the check of the requirement ``identifier``."""
    return pytest.mark.requirement(identifier)


def expect(holds: bool, otherwise: str, *evidence: Evidence, cause: str | None = None) -> None:
    """Raise :class:`Violation` with the sentence ``otherwise`` unless ``holds``."""
    if not holds:
        raise Violation(otherwise, *evidence, cause=cause)
