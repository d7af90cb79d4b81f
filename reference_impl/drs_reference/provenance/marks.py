"""What to look for, and the p-value of each key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from drs_reference.efficacy.radioactivity import places
from drs_reference.gateway.sampling import Floats, Generation, Sampling
from drs_reference.model import LanguageModel
from drs_reference.perturbation.best_of_n import BestOfN, recognise_texts
from drs_reference.perturbation.document import read_parameters, wrong
from drs_reference.perturbation.green_list import GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelWatermark
from drs_reference.perturbation.keyed_sampling import Context
from drs_reference.perturbation.parameters import covert_mechanism
from drs_reference.perturbation.provenance import (
    STRANGE,
    Evidence,
    Mark,
    Sample,
    evidence,
    p_value,
)
from drs_reference.perturbation.tournament import TournamentWatermark
from drs_reference.timestamps import from_rfc3339

__all__ = ["Finding", "Keyed", "in_corpus", "in_probabilities", "mark_of", "said"]

Keyed = GreenListWatermark | GumbelWatermark | TournamentWatermark | BestOfN
"""A mechanism that leaves the mark of a key."""
_KEYED = (GreenListWatermark, GumbelWatermark, TournamentWatermark, BestOfN)
_ANSWER_MAX = 64
"""Tokens of an answer that is made here; a corpus says as much in many short ones."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The p-value of a key, before others in question are counted; and how much carried it."""

    p_value: Callable[[bytes], float]
    used: int


def mark_of(path: Path | None, root: bytes) -> Keyed:
    """The mechanism of a document, in force or not any more; without one the default one.

    Raises ``ParametersError``.
    """
    if path is None:
        return GreenListWatermark(root)
    document = read_parameters(path)
    names = [kind.kind.mechanism for kind in _KEYED]
    if document["mechanism"] not in names:
        expected = f"must be one that leaves a mark: {', '.join(names)}"
        raise wrong(path, ["mechanism"], expected, document["mechanism"])
    then = from_rfc3339(document["valid_from"])
    made = covert_mechanism(document, root, then, laboratory=())
    assert isinstance(made, _KEYED)
    return made


def in_corpus(model: LanguageModel, mark: Keyed, samples: Sequence[Sample]) -> Finding:
    """What a corpus says of each key.

    A choice among completions is held against what the model says to the same messages, where
    they are known.
    """
    if not isinstance(mark, BestOfN):
        return _of(evidence(model, mark, samples), mark)
    asked = [messages for messages, _ in samples if messages]
    reference = [said(model, messages, seed) for seed, messages in enumerate(asked)]
    texts = [text for _, text in samples]
    return Finding(lambda key: recognise_texts(texts, [key], reference).p_value, len(set(texts)))


def in_probabilities(teacher: LanguageModel, student: LanguageModel, mark: Mark) -> Finding:
    """What the probabilities of a student say of each key.

    On clean text a token weighs what the student gives it more than the teacher, on average over
    the places of a context. The weights depend on no key, so the bound of a corpus holds.
    """
    added: dict[Context, list[Floats]] = {}
    for place in places(teacher, student, 0, np.inf):
        context = mark.context(place.before)
        if context is not None:
            added.setdefault(context, []).append(place.added)
    weights = {context: np.mean(there, axis=0) for context, there in added.items()}
    for weight in weights.values():
        weight[np.abs(weight) < STRANGE] = 0
    return _of(Evidence(weights, sum(map(len, added.values()))), mark)


def _of(found: Evidence, mark: Mark) -> Finding:
    return Finding(partial(p_value, found, mark), found.samples_used)


def said(model: LanguageModel, messages: Sequence[tuple[str, str]], seed: int) -> str:
    """What a model answers under a seed, unperturbed."""
    generation = Generation(model, messages, Sampling(max_tokens=_ANSWER_MAX, seed=seed))
    return "".join(emission.text for emission in generation.emissions())
