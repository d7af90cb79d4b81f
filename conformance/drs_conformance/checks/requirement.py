"""How a check names its requirement and says what it found.

A check is a function ``test_*(lab)`` decorated with ``@requirement("DCL-01")``. It returns when
the requirement holds and raises one of the exceptions below when it does not, or when that could
not be found out. Any other exception is a fault of the suite and becomes a harness-error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from drs_conformance.verdicts import (
    Evidence,
    Finding,
    Inconclusive,
    NotApplicable,
    Untestable,
    Violation,
)

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


def requirement(identifier: str) -> Callable[[Check], Check]:
    """Mark a function as (part of) the check of the requirement ``identifier``."""
    return pytest.mark.requirement(identifier)


def expect(holds: bool, otherwise: str, *evidence: Evidence, cause: str | None = None) -> None:
    """Raise :class:`Violation` with the sentence ``otherwise`` unless ``holds``."""
    if not holds:
        raise Violation(otherwise, *evidence, cause=cause)
