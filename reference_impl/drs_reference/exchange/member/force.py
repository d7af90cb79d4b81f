"""What a member acts on: signatures ruled, compiled, and put in force at one stroke."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from drs_reference.exchange.matching import Generation, Match, RequestFeatures
from drs_reference.exchange.member.policy import Known, Ruling, rule
from drs_reference.exchange.member.settings import Settings
from drs_reference.exchange.member.trial import tried
from drs_reference.exchange.member.verification import Holdings
from drs_reference.exchange.signature import Signature

__all__ = ["Force", "RuledMatch"]

_Version = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RuledMatch:
    """A signature that a request matched, and what may be done about it."""

    match: Match
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class _Set:
    generation: Generation
    rulings: Mapping[_Version, Ruling]


class Force:
    """The set in force. ``match`` may be called from any thread, ``update`` from one at a time."""

    def __init__(self) -> None:
        self._set = _Set(Generation.compile((), {}), {})
        self._compiled: frozenset[_Version] = frozenset()
        self._trials: dict[_Version, Known] = {}
        self._tried_with: object = None

    def match(self, request: RequestFeatures, now: datetime) -> tuple[RuledMatch, ...]:
        """What a request matches of the signatures that may be acted on."""
        present = self._set
        found = []
        for match in present.generation.match(request, now).matches:
            ruling = present.rulings.get((match.signature.id, match.signature.seq))
            if ruling is not None and ruling.action != "none":
                found.append(RuledMatch(match, ruling))
        return tuple(found)

    def rulings(self) -> Mapping[_Version, Ruling]:
        """What may be done on each version that is held, by id and ``seq``."""
        return self._set.rulings

    def known(self, signature: Signature) -> Known | None:
        """How a version did on benign traffic, if it was tried."""
        return self._trials.get((signature.id, signature.seq))

    def update(self, settings: Settings, holdings: Holdings, now: datetime) -> None:
        """Put in force what the holdings bear out.

        What was revoked or replaced is out of force before anything new is tried, which may take
        its time.
        """
        if self._tried_with != (about := (settings.keys, settings.shared, settings.benign)):
            self._trials, self._tried_with = {}, about
            self._compiled = frozenset()
        versions = {(each.id, each.seq): each for each in holdings.signatures.values()}
        self._trials = {which: known for which, known in self._trials.items() if which in versions}
        self._set = replace(
            self._set, rulings=_rulings(settings, holdings, versions, self._trials, now)
        )
        self._try(settings, versions, now)
        rulings = _rulings(settings, holdings, versions, self._trials, now)
        acting = frozenset(which for which, ruling in rulings.items() if ruling.action != "none")
        generation = self._set.generation
        if acting != self._compiled:
            chosen = (versions[which] for which in sorted(acting))
            generation = Generation.compile(chosen, settings.keys, settings.shared)
        self._set, self._compiled = _Set(generation, rulings), acting

    def _try(
        self, settings: Settings, versions: Mapping[_Version, Signature], now: datetime
    ) -> None:
        fresh = [
            signature
            for which, signature in versions.items()
            if which not in self._trials and signature.active(now)
        ]
        if fresh:
            known = tried(fresh, settings.benign, settings.keys, settings.shared, now)
            self._trials |= {(each.id, each.seq): known[each.id] for each in fresh}


def _rulings(
    settings: Settings,
    holdings: Holdings,
    versions: Mapping[_Version, Signature],
    trials: Mapping[_Version, Known],
    now: datetime,
) -> dict[_Version, Ruling]:
    confirmed = _confirmed(settings, holdings, now)
    rulings = {}
    for which, signature in versions.items():
        if not settings.trust.stands(signature.author, signature.kid, now):
            ruling = Ruling("none", "the key that proves it is revoked, or not trusted any more")
        else:
            known = replace(
                trials.get(which, Known()), confirmed=frozenset(confirmed[signature.id])
            )
            ruling = rule(signature, known, now)
        rulings[which] = ruling
    return rulings


def _confirmed(settings: Settings, holdings: Holdings, now: datetime) -> defaultdict[str, set[str]]:
    """Who has told last, of each signature, that evidence of its own confirms it."""
    told: dict[tuple[str, str], tuple[datetime, bool]] = {}
    for sighting in holdings.sightings.values():
        if not settings.trust.stands(sighting.author, sighting.kid, now):
            continue
        which = (sighting.signature, sighting.author)
        if which not in told or told[which][0] < sighting.modified:
            positive = sighting.outcome == "confirmed" and sighting.independent
            told[which] = (sighting.modified, positive)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for (signature, author), (_, positive) in told.items():
        if positive:
            found[signature].add(author)
    return found
