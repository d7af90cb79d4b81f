"""How often a rule matches benign windows, and how often it may at most."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drs_reference.exchange.features import CONTAINMENT
from drs_reference.exchange.rules import Rule
from drs_reference.exchange.winnowing import chosen, gram_hashes
from drs_reference.exchange.words import words

__all__ = ["BenignWindow", "FalsePositives", "Prints", "rate_bound", "tried_on_benign"]

_TAIL = 0.025
_STEPS = 60


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
        return rate_bound(self.matches, self.windows)


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


def rate_bound(count: int, trials: int) -> float:
    """Upper end of the interval of Clopper and Pearson (1934) at 95%, both sides.

    The rate at which ``count`` or fewer of ``trials`` have the probability 2.5%. Raises
    ``ValueError`` unless 0 <= count <= trials and there is a trial.
    """
    if not 0 <= count <= trials or trials < 1:
        raise ValueError(f"expected 0 <= count <= trials and a trial; got {count} of {trials}")
    if count == trials:
        return 1.0
    low, high = count / trials, 1.0
    for _ in range(_STEPS):
        rate = (low + high) / 2
        low, high = (rate, high) if _at_most(count, trials, rate) > _TAIL else (low, rate)
    return high


def _at_most(count: int, trials: int, rate: float) -> float:
    """Probability of at most ``count`` of ``trials`` at a rate."""
    if rate >= 1.0:
        return 0.0
    terms = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(rate)
        + (trials - k) * math.log1p(-rate)
        for k in range(count + 1)
    )
    return math.fsum(math.exp(term) for term in terms)
