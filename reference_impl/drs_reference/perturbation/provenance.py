"""Whether a corpus holds answers that bear the mark of a key.

At each position where the mark may act, the token that came counts one, and every token counts
minus the probability that the unperturbed model gives it. These weights w, summed by context and
token, are a function of the corpus alone, and so is the factor by which contexts that came often
are scaled down: one key draws alike in all of them, so they are hardly more evidence than one. If
the corpus owes nothing to the key, the scores s that the key gives are independent and of a known
law, whatever the corpus is, so

    P(sum w s >= x) <= min over t > 0 of exp(-t x) * product of E exp(t w s)

(Chernoff), and the right side is a p-value: at most a with probability at most a. Where several
keys come in question, the least p-value counts as often as there are keys (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drs_reference.gateway.sampling import Floats, Logits, Tokens
from drs_reference.perturbation.keyed_sampling import Context

__all__ = [
    "METHOD",
    "STRANGE",
    "Evidence",
    "Follower",
    "Mark",
    "Recognition",
    "evidence",
    "p_value",
    "recognise",
    "tail",
]

METHOD = (
    "Tokens less their probability under the unperturbed model, where the entropy reaches the "
    "floor, summed by context and token; Chernoff bound on the sum of the scores that the key "
    "gives. Assumes that the corpus was made without the key."
)
STRANGE = 1e-3
"""Probability below which a token is not one that the model wrote."""

Sample = tuple[Sequence[tuple[str, str]], str]
"""The (role, text) messages, none where they are not known, and the answer."""


class Follower(Protocol):
    """A model that tells what it would have said instead."""

    @property
    def tokenizer(self) -> Tokens:
        """Its tokenizer."""

    @property
    def end(self) -> int:
        """The token that stands before an answer."""

    def follow(self, messages: Sequence[tuple[str, str]], answer: str) -> tuple[list[int], Logits]:
        """Tokens of an answer, and the logits (tokens, vocabulary) that each was drawn from."""


class Mark(Protocol):
    """A mechanism that prefers tokens by a key."""

    entropy_floor: float
    scope: str
    shift: float
    """About the square of what the mark adds to the probability of a token, as a share of it."""

    def context(self, before: Sequence[int]) -> Context | None:
        """What seeds the preference after ``before``; None where the mark does not act."""

    def scoped_key(self, account: str, cluster: str | None = None) -> bytes:
        """The key for the answers of an account."""

    def scores(self, key: bytes, context: Context, vocabulary: int) -> Floats:
        """Scores (layers, vocabulary): over keys independent, alike and of mean 0."""

    def log_mgf(self, x: Floats) -> Floats:
        """Log of the expectation of exp(x score) over keys, for each x."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """The p-value of a corpus, and how many of its samples carried information."""

    p_value: float
    samples_used: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """For each context the weight (vocabulary,) of every token; and how many samples had any."""

    weights: dict[Context, Floats]
    samples_used: int


def evidence(model: Follower, mark: Mark, samples: Iterable[Sample]) -> Evidence:
    """What a corpus says, before any key is looked at."""
    weights: dict[Context, Floats] = {}
    visits: dict[Context, int] = {}
    used = 0
    for messages, answer in samples:
        tokens, logits = model.follow(messages, answer)
        law = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf), dtype=np.float64)
        law /= law.sum(axis=1, keepdims=True)
        surprise = -np.log(law, where=law > 0, out=np.zeros_like(law))
        entropy = (law * surprise).sum(axis=1)
        likely = law[np.arange(len(tokens)), tokens] >= STRANGE
        law[law < STRANGE] = 0
        before, informative = [model.end, *tokens], False
        for place in np.flatnonzero(likely & (entropy >= mark.entropy_floor)):
            context = mark.context(before[: place + 1])
            if context is None:
                continue
            informative = True
            weight = weights.setdefault(context, np.zeros(law.shape[1]))
            weight -= law[place]
            weight[tokens[place]] += 1
            visits[context] = visits.get(context, 0) + 1
        used += informative
    for context, weight in weights.items():
        weight /= 1 + mark.shift**2 * visits[context]
    return Evidence(weights, used)


def recognise(
    model: Follower, mark: Mark, samples: Iterable[Sample], keys: Sequence[bytes] | None = None
) -> Recognition:
    """Test whether samples bear the mark of one of ``keys``.

    Keys are those of ``mark.scoped_key``; they may be left out where the provider has just one.
    Raises ``ValueError`` if they must not.
    """
    if keys is None:
        if mark.scope != "provider":
            raise ValueError(f"keys of scope {mark.scope}: say which ones come in question")
        keys = [mark.scoped_key("")]
    found = evidence(model, mark, samples)
    least = min((p_value(found, mark, key) for key in keys), default=1.0)
    return Recognition(min(1.0, least * len(keys)), found.samples_used)


def p_value(found: Evidence, mark: Mark, key: bytes) -> float:
    """Probability, over keys, of scores as great as those of one key."""
    weights, scores = [np.zeros(0)], [np.zeros(0)]
    for context, weight in found.weights.items():
        there = np.flatnonzero(weight)
        layers = mark.scores(key, context, weight.shape[0])[:, there]
        weights.append(np.tile(weight[there], len(layers)))
        scores.append(layers.ravel())
    return tail(np.concatenate(weights), np.concatenate(scores), mark.log_mgf)


def tail(weights: Floats, scores: Floats, log_mgf: Callable[[Floats], Floats]) -> float:
    """Return the Chernoff bound on the probability of a weighted sum of scores as great."""
    total = float(weights @ scores)
    if total <= 0:
        return 1.0

    def log_bound(t: float) -> float:
        return float(log_mgf(t * weights).sum()) - t * total

    # The bound holds for every t and is convex in it.
    low, high = 0.0, 1 / float(np.abs(weights).max())
    while high < 1e6 and log_bound(2 * high) < log_bound(high) - 1e-6:
        high *= 2
    high *= 2
    for _ in range(40):
        left, right = low + 0.382 * (high - low), low + 0.618 * (high - low)
        if log_bound(left) <= log_bound(right):
            high = right
        else:
            low = left
    return float(np.exp(min(0.0, log_bound(low))))
