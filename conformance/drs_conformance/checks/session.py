"""What all checks of one run share."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from drs_conformance.checks.sent import is_reset
from drs_conformance.checks.subject import Subject
from drs_conformance.ledger import Exchange, Ledger
from drs_conformance.profiles import RUN_ALPHA, Profile
from drs_conformance.scheduling.leases import Pool
from drs_conformance.specification.location import spec_folder
from drs_conformance.specification.schemas import load_document
from drs_conformance.verdicts import Untestable

__all__ = ["Session"]


@dataclass(slots=True)
class Session:
    """The ledger, the target and the numbers of a run, and what its checks keep for each other."""

    ledger: Ledger
    target: Subject
    profile: Profile
    seed: int
    spec_version: str
    last_at: str
    alpha: float = RUN_ALPHA
    designs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_patient: bool = True
    pool: Pool | None = None
    refusal: Untestable | None = None
    episodes: dict[str, tuple[Any, list[Exchange]]] = field(default_factory=dict)

    def leading_to(self, evidence: Iterable[str]) -> tuple[Exchange, ...]:
        """Return the exchanges to repeat, in order, to see what ``evidence`` shows.

        These are the exchanges themselves and, for an account that was brought somewhere by the
        test mode, everything in its lane since the reset before.
        """
        pointed_at = frozenset(evidence)
        ways: dict[str, list[Exchange]] = defaultdict(list)
        wanted: dict[str, Exchange] = {}
        for exchange in self.ledger.recall(pointed_at) if pointed_at else ():
            is_shown = exchange.id in pointed_at
            if is_reset(exchange) and not is_shown:
                ways[exchange.lane].clear()
            way = ways[exchange.lane]
            way.append(exchange)
            if is_shown:
                shown = way if is_reset(way[0]) else [exchange]
                wanted |= {item.id: item for item in shown}
        return tuple(wanted[identifier] for identifier in sorted(wanted))

    def registry(self, name: str) -> Mapping[str, Any]:
        """Return a registry of the version under test."""
        return _registry(self.spec_version, name)


@functools.cache
def _registry(version: str, name: str) -> Mapping[str, Any]:
    path = spec_folder(version) / "registries" / f"{name}.yaml"
    return cast(Mapping[str, Any], load_document(path))
