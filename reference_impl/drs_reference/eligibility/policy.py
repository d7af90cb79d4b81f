"""A policy at work: which criterion decides against an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drs_reference.eligibility.criteria import Criterion, criterion_from
from drs_reference.eligibility.facts import Facts
from drs_reference.timestamps import from_rfc3339

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Criteria in the order of the document, where they hold, and from when until when."""

    id: str
    criteria: tuple[Criterion, ...]
    surfaces: frozenset[str]
    valid_from: datetime
    valid_until: datetime

    @classmethod
    def of(cls, document: Mapping[str, Any], lists: Mapping[str, Iterable[str]]) -> Policy:
        """The policy of a valid document ``eligibility-policy``.

        ``lists`` holds the entries of the list of each criterion that has one.
        """
        return cls(
            document["id"],
            tuple(criterion_from(item, lists.get(item["id"], ())) for item in document["criteria"]),
            frozenset(document["surfaces"]),
            from_rfc3339(document["valid_from"]),
            from_rfc3339(document["valid_until"]),
        )

    def deciding(self, facts: Facts) -> Criterion | None:
        """The first criterion that excludes such an account, or None."""
        return next((one for one in self.criteria if one.excludes(facts)), None)

    def holds(self, surface: str, at: datetime) -> bool:
        """Whether it applies to a surface at a time."""
        return surface in self.surfaces and self.valid_from <= at < self.valid_until
