"""How often signatures match a benign sample, for their authors and for members (XCH-10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drs_reference.binomial import upper_limit
from drs_reference.exchange.benign import BenignLine
from drs_reference.exchange.features import MATCHED
from drs_reference.exchange.in_force import LeftOut
from drs_reference.exchange.matching import Generation, Keys, RequestFeatures
from drs_reference.exchange.ranges import Network
from drs_reference.exchange.signature import Signature

__all__ = ["FalsePositives", "tried_on_benign"]

_TAIL = 0.025
"""On each side of an interval at 95%."""


@dataclass(frozen=True, slots=True)
class FalsePositives:
    """Benign windows that a signature was tried on, and those of them that it matched."""

    windows: int
    matches: int

    @property
    def rate_bound(self) -> float:
        """Upper end of the 95% interval of the rate at which benign windows match."""
        return upper_limit(self.matches, self.windows, _TAIL)


def tried_on_benign(
    signatures: Sequence[Signature],
    lines: Sequence[BenignLine],
    keys: Keys,
    shared: Sequence[Network],
    now: datetime,
) -> tuple[Mapping[str, FalsePositives], Sequence[LeftOut]]:
    """What the lines say of each signature, all valid at ``now``, by id; which cannot be matched.

    A set finds what each signature by itself finds, so they are tried together. A line counts for
    a signature only where it has all that the signature looks at.
    """
    generation = Generation.compile(signatures, keys, shared)
    left_out = {entry.id for entry in generation.left_out}
    remaining = [each for each in signatures if each.id not in left_out]
    windows: Counter[str] = Counter()
    matches: Counter[str] = Counter()
    scopes = {(each.scope, each.window_s) for each in remaining} - {("request", 0)}
    looks_at = {
        each.id: (each, bool(each.networks), MATCHED in (each.rule.variables if each.rule else ()))
        for each in remaining
    }
    for line in lines:
        found = generation.match(_request(line, scopes), now)
        matches.update(match.signature.id for match in found.matches)
        failed = set(found.errors)
        for id, (signature, located, selected) in looks_at.items():
            window = signature.scope == "request" or bool(line.of_window())
            place = not located or line.address is not None
            account = not selected or bool(line.details) or line.address is not None
            windows[id] += id not in failed and window and place and account
    counted = {id: FalsePositives(windows[id], matches[id]) for id in looks_at}
    return counted, generation.left_out


def _request(line: BenignLine, scopes: set[tuple[str, int]]) -> RequestFeatures:
    of_window = line.of_window()
    return RequestFeatures(
        text=line.text,
        address=line.address,
        details=line.details,
        features=line.of_request(),
        windows=dict.fromkeys(scopes, of_window) if of_window else {},
    )
