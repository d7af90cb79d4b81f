"""The fingerprints of many signatures, and how many of each one's a text contains."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from drs_reference.exchange.winnowing import Hashes, chosen, gram_hashes
from drs_reference.exchange.words import words

__all__ = ["PARAMETERS_MAX", "FingerprintIndex", "Parameters"]

PARAMETERS_MAX = 16
"""Most ways of fingerprinting a request; each takes time of every request."""


@dataclass(frozen=True, slots=True, order=True)
class Parameters:
    """How fingerprints are made: under which key, of how many words, chosen from how many."""

    key: bytes
    k: int
    w: int


@dataclass(frozen=True, slots=True)
class _Postings:
    """Hashes in rising order and the owner of each; a hash stands once for each owner."""

    parameters: Parameters
    hashes: Hashes
    owners: NDArray[np.int32]

    def found(self, hashes: Hashes) -> NDArray[np.int32]:
        starts = np.searchsorted(self.hashes, hashes, "left")
        ends = np.searchsorted(self.hashes, hashes, "right")
        hit = ends > starts
        parts = [self.owners[a:b] for a, b in zip(starts[hit], ends[hit], strict=True)]
        return np.concatenate(parts) if parts else self.owners[:0]


class FingerprintIndex:
    """Sorted arrays of 12 bytes a fingerprint, one pair for each way of fingerprinting."""

    def __init__(self, entries: Iterable[tuple[Parameters, int, Hashes]]) -> None:
        """Entries are of the parameters, the number of the owner and its fingerprints."""
        found: dict[Parameters, list[tuple[int, Hashes]]] = defaultdict(list)
        for parameters, owner, values in entries:
            found[parameters].append((owner, values))
        self._postings = tuple(_postings(*item) for item in sorted(found.items(), key=_parameters))

    def contained(self, text: str) -> dict[int, int]:
        """How many fingerprints of each owner the text contains, of those with at least one."""
        if not self._postings:
            return {}
        said = words(text)
        counts: Counter[int] = Counter()
        grams = groupby(self._postings, lambda each: (each.parameters.key, each.parameters.k))
        for (key, k), alike in grams:
            hashes = gram_hashes(said, key, k)
            for postings in alike:
                owners = postings.found(chosen(hashes, postings.parameters.w))
                numbers, times = np.unique(owners, return_counts=True)
                counts.update(dict(zip(numbers.tolist(), times.tolist(), strict=True)))
        return dict(counts)


def _parameters(item: tuple[Parameters, object]) -> Parameters:
    return item[0]


def _postings(parameters: Parameters, entries: list[tuple[int, Hashes]]) -> _Postings:
    hashes = np.concatenate([values for _, values in entries])
    sizes = [len(values) for _, values in entries]
    owners = np.repeat(np.array([owner for owner, _ in entries], np.int32), sizes)
    order = np.argsort(hashes, kind="stable")
    return _Postings(parameters, hashes[order], owners[order])
