"""The four kinds of criteria: which facts each of them excludes (chapter Eligibility)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from drs_reference.eligibility.facts import Facts

__all__ = [
    "Criterion",
    "EndUse",
    "Jurisdiction",
    "ListedParty",
    "MajorityOwnership",
    "criterion_from",
    "same_words",
]


def same_words(text: str) -> str:
    """A text without what makes no difference between two: case and spacing."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class MajorityOwnership:
    """Excludes an organisation of which an owner holds ``share_min`` or more."""

    id: str
    owner: str
    share_min: Decimal

    def held(self, facts: Facts) -> Decimal:
        """Everything that the owner holds, added exactly."""
        owner = same_words(self.owner)
        shares = (h.share for h in facts.holdings if same_words(h.owner) == owner)
        return sum((_decimal(share) for share in shares), Decimal(0))

    def excludes(self, facts: Facts) -> bool:
        """Whether the share is reached."""
        return self.held(facts) >= self.share_min


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Excludes seats in some places, or with ``served`` all others; of one kind of organisation."""

    id: str
    of: str
    places: frozenset[str]
    served: bool

    def contains(self, place: str) -> bool:
        """Whether a place is one of the criterion's, or a subdivision of one."""
        return place in self.places or place.partition("-")[0] in self.places

    def excludes(self, facts: Facts) -> bool:
        """Whether one of the seats is where nobody is served."""
        seats = (seat.place for seat in facts.seats if seat.of == self.of)
        return any(self.contains(place) is not self.served for place in seats)


@dataclass(frozen=True, slots=True)
class EndUse:
    """Excludes some uses; they are kept in the words that ``same_words`` makes of them."""

    id: str
    uses: frozenset[str]

    def excludes(self, facts: Facts) -> bool:
        """Whether one of the uses is excluded."""
        return any(same_words(use) in self.uses for use in facts.uses)


@dataclass(frozen=True, slots=True)
class ListedParty:
    """Excludes whoever stands on a list; entries are kept as ``same_words`` makes them."""

    id: str
    parties: frozenset[str]

    def excludes(self, facts: Facts) -> bool:
        """Whether one of the names is an entry of the list."""
        return any(same_words(name) in self.parties for name in facts.names)


Criterion = MajorityOwnership | Jurisdiction | EndUse | ListedParty


def criterion_from(document: Mapping[str, Any], parties: Iterable[str] = ()) -> Criterion:
    """A criterion of a document ``eligibility-policy``.

    ``parties`` are the entries of its list, to which its ``test_parties`` are added.
    """
    identifier, kind = document["id"], document["kind"]
    if kind == "majority-ownership":
        return MajorityOwnership(identifier, document["owner"], _decimal(document["share_min"]))
    if kind == "jurisdiction":
        places, served = frozenset(document["places"]), document["effect"] == "served"
        return Jurisdiction(identifier, document["of"], places, served)
    if kind == "end-use":
        return EndUse(identifier, frozenset(map(same_words, document["uses"])))
    entries = (*parties, *document["test_parties"])
    return ListedParty(identifier, frozenset(map(same_words, entries)))


def _decimal(share: float) -> Decimal:
    """The decimal number that was written, not the binary one nearest to it."""
    return Decimal(repr(share))
