"""What speaks for a campaign in the traffic of accounts that use one template."""

from __future__ import annotations

import cmath
import math
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, pstdev

from drs_reference.detection.windows import Activity, Request

__all__ = ["Evidence", "weigh"]

# With a small factor windows differ little, with a large one a few of the calibration decide.
_SHARPNESS = 1.5
# An address is shared by universities, offices and mobile carriers, an organisation by its staff.
_LINKS = ("payment", "device", "credential")
_SHARED_MOST = 2.0
"""Shared means of payment weigh this much at most: resellers' customers share them too."""


class Evidence(float):
    """How much speaks for a campaign, as a logarithm; ``kinds`` are those of the registry."""

    kinds: tuple[str, ...]

    def __new__(cls, value: float, kinds: Sequence[str]) -> Evidence:
        """Keep the number with its reasons."""
        made = super().__new__(cls, value)
        made.kinds = tuple(kinds)
        return made


def weigh(accounts: Sequence[Activity], requests: Sequence[Sequence[Request]]) -> Evidence:
    """Weigh the ``requests`` that each of at least two ``accounts`` made from one template."""
    parts = {
        "prompt-structure": math.log(len(accounts) / 3)
        + 4 * (_partitioned(requests) - 0.5)
        + 3 * (0.6 - _variation(requests))
        + 3 * (0.35 - _daytime(requests)),
        "account-linkage": min(math.log(_per_link(accounts)), _SHARED_MOST),
    }
    return Evidence(
        _SHARPNESS * sum(parts.values()), [kind for kind, value in parts.items() if value > 0]
    )


def _partitioned(requests: Sequence[Sequence[Request]]) -> float:
    """Return the share of distinct prompts that one account alone sent: work that was divided."""
    senders = Counter(
        prompt for sent in requests for prompt in {request.prompt for request in sent}
    )
    return sum(count == 1 for count in senders.values()) / len(senders)


def _variation(requests: Sequence[Sequence[Request]]) -> float:
    """Return the deviation of requests per account over their mean; a scheduler keeps it low."""
    counts = [len(sent) for sent in requests]
    return pstdev(counts) / fmean(counts)


def _daytime(requests: Sequence[Sequence[Request]]) -> float:
    """Return how much accounts keep to a time of day: 0 around the clock, 1 at one minute."""
    squares = []
    for sent in requests:
        hours = [request.at.hour + request.at.minute / 60 for request in sent]
        count = len(hours)
        square = abs(sum(cmath.exp(2j * math.pi * hour / 24) for hour in hours) / count) ** 2
        # Of n times at random the square is 1/n in the mean.
        squares.append((square - 1 / count) / (1 - 1 / count) if count > 1 else 1.0)
    return math.sqrt(max(0.0, fmean(squares)))


def _per_link(accounts: Sequence[Activity]) -> float:
    """Return the accounts per means of payment, device or credential, of the kind shared most."""
    most = 1.0
    for kind in _LINKS:
        values = [
            next((link.value for link in account.links if link.kind == kind), f"own {number}")
            for number, account in enumerate(accounts)
        ]
        most = max(most, len(accounts) / len(set(values)))
    return most
