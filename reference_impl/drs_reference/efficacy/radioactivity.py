"""Radioactivity: whether a student bears the mark of a key in its probabilities.

On clean text, where the teacher leaves a choice, the student's law less the teacher's is held
against the push that the mechanism gives with a key. A context has one vote, the mean over its
places, since one colouring of the vocabulary is one piece of evidence. Other keys give the null
distribution; after Sander et al. 2024, arXiv:2402.14904.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from drs_reference.efficacy.corpus import Response
from drs_reference.efficacy.observers import applied_to, law
from drs_reference.gateway.sampling import Floats, Logits, log_probabilities
from drs_reference.model import LanguageModel
from drs_reference.model.language import draw_sample
from drs_reference.perturbation.base import Perturbation
from drs_reference.response.procedure import Account

__all__ = ["Radioactivity", "measure", "places"]

OTHER_KEYS = 200
ENTROPY = 0.9
"""Nats that the teacher leaves open at a place that counts."""
_TEXTS = 150
_VOTERS = 6
"""Most places of one context."""


@dataclass(frozen=True, slots=True)
class Radioactivity:
    """Standard score against other keys, its one-sided p-value if they are normal, and votes."""

    z: float
    p_value: float
    contexts: int


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a clean text: what was said before, the teacher's logits, what the student adds.

    ``added`` (vocabulary,) is the student's probabilities less the teacher's.
    """

    response: Response
    before: Sequence[int]
    logits: Logits
    added: Floats


def places(
    teacher: LanguageModel, student: LanguageModel, seed: int, most: float = _VOTERS
) -> list[Place]:
    """Places of clean free text at which the teacher leaves a choice, some of each last token."""
    rng = Random(f"clean text {seed}")
    found: list[Place] = []
    voters: Counter[int] = Counter()
    for number in range(_TEXTS):
        sample = draw_sample(rng, ("story", "explanation")[number % 2])
        tokens, logits = teacher.follow(sample.messages, sample.answer)
        _, learnt = student.follow(sample.messages, sample.answer)
        for place in range(len(tokens)):
            log_p = log_probabilities(logits[place])
            p = np.exp(log_p)
            entropy = -float(p[p > 0] @ log_p[p > 0])
            before = [teacher.end, *tokens[:place]]
            if entropy >= ENTROPY and voters[before[-1]] < most:
                voters[before[-1]] += 1
                added = np.exp(log_probabilities(learnt[place])) - p
                found.append(Place(Response(sample, sample.answer), before, logits[place], added))
    return found


def measure(
    found: Sequence[Place],
    mechanism: Callable[[bytes], Perturbation],
    key: bytes,
    account: Account,
    others: int = OTHER_KEYS,
) -> Radioactivity:
    """Hold what a student adds against the key of a mechanism and against so many other keys."""
    strangers = [b"stranger" + number.to_bytes(24, "big") for number in range(others)]
    null = np.array([_sum_of_votes(found, mechanism(other), account) for other in strangers])
    z = (_sum_of_votes(found, mechanism(key), account) - null.mean()) / (null.std(ddof=1) or 1.0)
    contexts = len({place.before[-1] for place in found})
    return Radioactivity(float(z), 0.5 * math.erfc(float(z) / math.sqrt(2)), contexts)


def _sum_of_votes(found: Sequence[Place], mechanism: Perturbation, account: Account) -> float:
    votes: dict[int, list[float]] = {}
    for place in found:
        applied = applied_to(mechanism, account, place.response)
        push = np.exp(law(applied, place.logits, place.before))
        push -= np.exp(log_probabilities(place.logits))
        votes.setdefault(place.before[-1], []).append(float(push @ place.added))
    return sum(float(np.mean(votes_of)) for votes_of in votes.values())
