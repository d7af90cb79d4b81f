"""Budgets that the default parameters of each mechanism keep on the embedded model.

The green list and the weak tournament keep theirs for the best observer, who holds the key; the
advantage follows from the divergence (Pinsker). Where the key decides a whole answer, no budget
holds for whoever has it: the divergences of Gumbel and bucketed sampling are over keys, for
observers without one, to whom a single answer is just the declared one. Who learnt from answers
that were made with a key knows a part of what it does: where contexts come again as often as in the
language of this model, all of it under Gumbel, so no advantage below 1 is declared there. Bucketed
seeds serve one answer each. A choice of two completions moves a response by log 2 - 1/2 nats at
most, and gives an advantage of 1/4 at most, for whoever has the key.

The registry ``bounds`` allows advantages of 1 and of 1/4 at no level: with a model whose contexts
come again so often, neither Gumbel sampling nor the choice of completions conforms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["DECLARED", "Declared"]


@dataclass(frozen=True, slots=True)
class Declared:
    """Member ``budget`` of a document ``perturbation-parameters``."""

    divergence_nats_per_response: float
    single_response_advantage: float
    panel: Sequence[str]


_KEYLESS = ("keyless-classifier", "token-statistics", "reference-likelihood")
_ALL = (*_KEYLESS, "key-holder")
DECLARED: Mapping[str, Declared] = {
    "green-list-watermark": Declared(0.045, 0.15, _ALL),
    "tournament-watermark": Declared(0.045, 0.15, _ALL),
    "gumbel-watermark": Declared(0, 1, _KEYLESS),
    "bucketed-sampling": Declared(0, 0, _KEYLESS),
    "best-of-n-selection": Declared(0.2, 0.25, _ALL),
}
