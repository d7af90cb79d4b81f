"""How often a rule matches benign windows, and how often it may at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drs_reference.binomial import upper_limit
from drs_reference.exchange.features import CONTAINMENT
from drs_reference.exchange.rules import Rule
from drs_reference.exchange.winnowing import chosen, gram_hashes
from drs_reference.exchange.words import words

__all__ = ["BenignWindow", "FalsePositives", "Prints", "tried_on_benign"]

_TAIL = 0.025
"""On each side of an interval at 95%."""


@dataclass(frozen=True, slots=True)
class BenignWindow:
    """Ordinary traffic: what was sent in it, and its values of ``win.`` and ``req.``."""

    texts: Sequence[str]
    features: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Prints:
    """Fingerprints and how they are made."""

    values: frozenset[int]
    key: bytes
    k: int
    w: int

    def containment(self, text: str) -> float:
        """The share of them that a text contains."""
        own = set(chosen(gram_hashes(words(text), self.key, self.k), self.w).tolist())
        return len(self.values & own) / len(self.values) if self.values else 0.0


@dataclass(frozen=True, slots=True)
class FalsePositives:
    """Benign windows that a rule was tried on, and those of them that it matched."""

    windows: int
    matches: int

    @property
    def rate_bound(self) -> float:
        """Upper end of the 95% interval of the rate at which benign windows match."""
        return upper_limit(self.matches, self.windows, _TAIL)


def tried_on_benign(rule: Rule, prints: Prints, windows: Iterable[BenignWindow]) -> FalsePositives:
    """How many windows hold a request that the rule matches (XCH-10)."""
    tried = matched = 0
    for window in windows:
        tried += 1
        matched += any(
            rule.matches({**window.features, CONTAINMENT: prints.containment(text)})
            for text in window.texts or ("",)
        )
    return FalsePositives(tried, matched)
