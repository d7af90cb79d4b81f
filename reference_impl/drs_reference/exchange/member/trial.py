"""Signatures tried at home: how often each matches the member's own benign traffic (XCH-10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from drs_reference.exchange.features import MATCHED
from drs_reference.exchange.matching import Generation, Keys, RequestFeatures
from drs_reference.exchange.member.benign import BenignLine, BenignSample
from drs_reference.exchange.member.policy import HomeTrial, Known
from drs_reference.exchange.ranges import Network
from drs_reference.exchange.signature import Signature

__all__ = ["tried"]

_NOTHING_TO_LOOK_AT = "no line of the benign sample has what it looks at"


def tried(
    signatures: Sequence[Signature],
    sample: BenignSample,
    keys: Keys,
    shared: Sequence[Network],
    now: datetime,
) -> Mapping[str, Known]:
    """What the sample says of each signature, all valid at ``now``, by id.

    A set finds what each signature by itself finds, so they are tried together. A line counts for
    a signature only where it has all that the signature looks at.
    """
    generation = Generation.compile(signatures, keys, shared)
    left_out = {entry.id: entry.reason for entry in generation.left_out}
    remaining = [each for each in signatures if each.id not in left_out]
    windows: Counter[str] = Counter()
    matches: Counter[str] = Counter()
    scopes = {(each.scope, each.window_s) for each in remaining} - {("request", 0)}
    looks_at = {
        each.id: (each, bool(each.networks), MATCHED in (each.rule.variables if each.rule else ()))
        for each in remaining
    }
    for line in sample.lines:
        found = generation.match(_request(line, scopes), now)
        matches.update(match.signature.id for match in found.matches)
        failed = set(found.errors)
        for id, (signature, located, selected) in looks_at.items():
            window = signature.scope == "request" or bool(line.of_window())
            place = not located or line.address is not None
            account = not selected or bool(line.details) or line.address is not None
            windows[id] += id not in failed and window and place and account
    known = {id: Known(untried=f"it cannot be matched here: {left_out[id]}") for id in left_out}
    for each in remaining:
        trial = HomeTrial(windows[each.id], matches[each.id]) if windows[each.id] else None
        known[each.id] = Known(trial, _NOTHING_TO_LOOK_AT)
    return known


def _request(line: BenignLine, scopes: set[tuple[str, int]]) -> RequestFeatures:
    of_window = line.of_window()
    return RequestFeatures(
        text=line.text,
        address=line.address,
        details=line.details,
        features=line.of_request(),
        windows=dict.fromkeys(scopes, of_window) if of_window else {},
    )
