"""What is established of the organisation behind an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Facts", "Holding", "Seat"]


@dataclass(frozen=True, slots=True)
class Holding:
    """A share (0 to 1) of the organisation that an owner has, directly or not."""

    owner: str
    share: float


@dataclass(frozen=True, slots=True)
class Seat:
    """The place (ISO 3166) of a customer or of an end-user organisation."""

    of: str
    place: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The members of a document ``eligibility-facts``; what is not known is empty."""

    holdings: tuple[Holding, ...] = ()
    seats: tuple[Seat, ...] = ()
    uses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Facts:
        """The facts of a document that is valid under the schema ``eligibility-facts``."""
        return cls(
            tuple(Holding(item["owner"], item["share"]) for item in document.get("holdings", ())),
            tuple(Seat(item["of"], item["place"]) for item in document.get("seats", ())),
            tuple(document.get("uses", ())),
            tuple(document.get("names", ())),
        )
