"""Keyed choice among several completions, for upstreams that give only text.

The key gives a number between -1 and 1 to each run of three words; the score of a completion is
their sum over its distinct runs, divided by the root of how many there are. Of two completions the
key prefers either with probability one half, so with two candidates the law over keys is the
declared one; with more it leans a little towards those that share few runs with the others. The
first one is taken as it came if one comes twice, since then there is not much to choose, and if one
holds numbers, code or data: of two that differ in a fact the key would choose the fact.

Whatever is chosen, q(A) <= 1 - (1 - p(A))^n for every set A, since one of n has to lie in it. So q
is nowhere more uneven than the choice by a score without ties, and

    KL(q || p) <= log n - (n - 1) / n      (Beirami et al. 2024, arXiv:2401.01879)
    TV(q, p)   <= n^(-1/(n-1)) - n^(-n/(n-1))

with equality for that choice.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Floats
from drs_reference.perturbation.covert import ClusterOf, alone
from drs_reference.perturbation.keyed_draw import LOW
from drs_reference.perturbation.keys import checked_key, integer, scoped_key
from drs_reference.perturbation.provenance import Recognition, tail
from drs_reference.perturbation.schema_part import Parameters
from drs_reference.response.procedure import Account

__all__ = ["BestOfN", "BestOfNParameters", "advantage_bound", "divergence_bound", "recognise_texts"]

RUN = 3
"""Words of a run."""
_FACTS = re.compile(r"[\d{}<>=]")
"""What numbers, code and data are written with."""


@dataclass(frozen=True)
class BestOfNParameters(Parameters):
    """How many candidates there are, and to whom one key applies."""

    mechanism: ClassVar[str] = "best-of-n-selection"
    candidates: int = 2
    key_scope: Literal["tenant", "cluster", "provider"] = "tenant"


def divergence_bound(candidates: int) -> float:
    """Most nats by which a choice among candidates moves a response, for whoever has the key."""
    return math.log(candidates) - (candidates - 1) / candidates


def advantage_bound(candidates: int) -> float:
    """Most that an observer with the key gains on one response, a difference of probabilities."""
    n = candidates
    return float(n ** (-1 / (n - 1)) - n ** (-n / (n - 1)))


def runs(text: str) -> set[str]:
    """The distinct runs of a text; of one with fewer words, all of it."""
    words = re.findall(r"\w+|[^\w\s]", text)
    return {" ".join(words[i : i + RUN]) for i in range(max(1, len(words) - RUN + 1))}


class BestOfN:
    """The mechanism with its secret root key of at least 16 bytes."""

    mechanism = "best-of-n-selection"
    covert = True
    kind = BestOfNParameters

    def __init__(
        self,
        key: bytes,
        parameters: BestOfNParameters | None = None,
        *,
        cluster_of: ClusterOf = alone,
    ) -> None:
        self._key = checked_key(key)
        self._cluster_of = cluster_of
        self.parameters = parameters or BestOfNParameters()
        self.scope = self.parameters.key_scope

    def answer(self, account: Account, request: ChatRequest, candidate: Callable[[], str]) -> str:
        """One of the completions that ``candidate`` returns, a new one for each call.

        The first one for an account that is not under the measure ``perturb``, and at low
        temperatures, where noise would average away.
        """
        texts = [candidate() for _ in range(self.asked(account, request))]
        return self.chosen(texts, self.scoped_key(account.id, self._cluster_of(account)))

    def asked(self, account: Account, request: ChatRequest) -> int:
        """How many completions ``answer`` chooses among."""
        warm = request.sampling.temperature >= LOW
        return self.parameters.candidates if warm and account.under("perturb") else 1

    def scoped_key(self, account: str, cluster: str | None = None) -> bytes:
        """The key for the answers of an account."""
        return scoped_key(self._key, self.scope, account, cluster)

    def chosen(self, texts: Sequence[str], key: bytes) -> str:
        """The completion with the greatest score, or the first one.

        The first one if any two are the same or any holds facts that others may state otherwise.
        """
        if len(set(texts)) < len(texts) or any(map(_FACTS.search, texts)):
            return texts[0]
        return max(texts, key=lambda text: score(key, text))


def score(key: bytes, text: str) -> float:
    """The score of a completion; over keys of mean 0 and the same variance for all texts."""
    found = runs(text)
    return math.fsum(_preference(key, run) for run in found) / math.sqrt(len(found))


def recognise_texts(
    texts: Iterable[str], keys: Sequence[bytes], reference: Iterable[str] = ()
) -> Recognition:
    """Test whether one of ``keys`` chose among the completions.

    Each run of a distinct text weighs what it adds to the score of that text, less what it adds on
    average in ``reference``: texts of the same kind that no key chose. The weights depend on no
    key, and the numbers of a key are independent and uniform, so the bound of ``provenance`` holds.
    """
    own, other = set(texts), set(reference)
    weight: defaultdict[str, float] = defaultdict(float)
    for group, sign in ((own, 1.0), (other, -1.0)):
        for text in group:
            found = runs(text)
            for run in found:
                weight[run] += sign / math.sqrt(len(found)) / len(group)
    weights = np.array(list(weight.values()))
    p_values = [
        tail(weights, np.array([_preference(key, run) for run in weight]), _log_mgf) for key in keys
    ]
    return Recognition(min(1.0, min(p_values, default=1.0) * len(keys)), len(own))


def _preference(key: bytes, run: str) -> float:
    return integer(key, f"run:{run}") / 2**63 - 1


def _log_mgf(x: Floats) -> Floats:
    """Of a uniform number between -1 and 1: log(sinh(x) / x)."""
    size = np.maximum(np.abs(x), 1e-4)
    found: Floats = size + np.log(-np.expm1(-2 * size)) - np.log(2 * size)
    return np.where(np.abs(x) < 1e-4, x * x / 6, found)
