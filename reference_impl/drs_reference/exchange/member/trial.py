"""Signatures tried at home: how often each matches the member's own benign traffic (XCH-10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from drs_reference.exchange.benign import BenignSample
from drs_reference.exchange.false_positives import tried_on_benign
from drs_reference.exchange.matching import Keys
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
    """What the sample says of each signature, all valid at ``now``, by id."""
    counted, left_out = tried_on_benign(signatures, sample.lines, keys, shared, now)
    known = {
        each.id: Known(untried=f"it cannot be matched here: {each.reason}") for each in left_out
    }
    for id, found in counted.items():
        trial = HomeTrial(found.windows, found.matches) if found.windows else None
        known[id] = Known(trial, _NOTHING_TO_LOOK_AT)
    return known
