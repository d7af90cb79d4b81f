"""Whether a corpus holds answers with the green-list watermark of a key.

At each position where the mark may act, the token that came counts one, and every token counts
minus the probability that the unperturbed model gives it. These weights w, summed by previous
token and token, are a function of the corpus alone. If the corpus owes nothing to the key, the
colours s (green 1, other -1) are independent fair coins, whatever the corpus is, so

    P(sum w s >= x) <= min over t > 0 of exp(-t x) * product of cosh(t w)

(Chernoff), and the right side is a p-value: at most a with probability at most a.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drs_reference.gateway.sampling import Floats, Logits, Tokens
from drs_reference.perturbation.green_list import GreenListWatermark

__all__ = ["METHOD", "Follower", "Recognition", "recognise"]

METHOD = (
    "Soft green list (arXiv:2301.10226). Tokens less their probability under the unperturbed "
    "model, where the entropy reaches the floor, summed by previous token and token; Chernoff "
    "bound on the sum over green ones. Assumes that the corpus was made without the key."
)
STRANGE = 1e-3
"""Probability below which a token is not one that the model wrote."""
_STEPS = 200

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


@dataclass(frozen=True, slots=True)
class Recognition:
    """The p-value of a corpus, and how many of its samples carried information."""

    p_value: float
    samples_used: int


def recognise(model: Follower, mark: GreenListWatermark, samples: Iterable[Sample]) -> Recognition:
    """Test whether samples bear the mark."""
    size = len(model.tokenizer.vocabulary)
    weights, used = np.zeros((size, size)), 0
    for messages, answer in samples:
        tokens, logits = model.follow(messages, answer)
        law = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf), dtype=np.float64)
        law /= law.sum(axis=1, keepdims=True)
        surprise = -np.log(law, where=law > 0, out=np.zeros_like(law))
        entropy = (law * surprise).sum(axis=1)
        likely = law[np.arange(len(tokens)), tokens] >= STRANGE
        places = np.flatnonzero(likely & (entropy >= mark.entropy_floor))
        for place in places:
            previous = tokens[place - 1] if place else model.end
            weights[previous] -= law[place]
            weights[previous, tokens[place]] += 1
        used += len(places) > 0
    seen = np.flatnonzero(weights.any(axis=1))
    colours = [2.0 * mark.green_list(int(previous), size) - 1 for previous in seen]
    return Recognition(tail(weights[seen].ravel(), np.ravel(colours)), used)


def tail(weights: Floats, colours: Floats) -> float:
    """Return the Chernoff bound on the probability of a sum as great, for colours by fair coins."""
    total = float(weights @ colours)
    square = float(weights @ weights)
    if total <= 0 or square == 0:
        return 1.0
    # The bound holds for every t; the best one lies above that for normal variables.
    best = 0.0
    for t in total / square * np.geomspace(1, 100, _STEPS):
        turned = np.abs(t * weights)
        log_bound = float((np.logaddexp(turned, -turned) - np.log(2)).sum()) - t * total
        best = min(best, log_bound)
    return float(np.exp(best))
