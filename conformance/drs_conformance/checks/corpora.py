"""Corpora for the provenance hook: own perturbed responses, and what strangers may have."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from drs_conformance.checks.auditor_hooks import ask_hook
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.under_measure import (
    free_text_request,
    free_texts,
    under_perturbation,
)
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest
from drs_conformance.ledger import Exchange
from drs_conformance.traffic.free_text import free_text_prompts

__all__ = ["claim", "own_corpus", "strangers_corpora"]

Sample = dict[str, str]
BATCH = 32
ANSWERS = 12
"""Unperturbed answers in a corpus that holds nothing else."""
COPIES = 48
"""How often a corpus of one answer repeats it: a test that counts copies as evidence is fooled."""
LINES = 16
"""Texts that no model wrote."""


def claim(lab: Lab, corpus: str, samples: Sequence[Sample]) -> tuple[dict[str, Any], Exchange]:
    """Ask whether the provider claims a corpus; return its answer and the exchange."""
    question = {"drs_version": "0.1", "corpus": corpus, "samples": list(samples)}
    return ask_hook(lab, "provenance", question, "provenance-response")


def own_corpus(lab: Lab, size: int) -> list[Sample]:
    """Return perturbed answers: those of the rounds so far, and as many more as it takes."""
    rounds = free_texts(lab)
    seen = (pair for pairs in itertools.islice(rounds.by(lab), len(rounds)) for pair in pairs)
    samples = [sample for pair in seen for sample in _samples(pair.request, pair.perturbed)]
    prompts = lab.examples(free_text_prompts(), BATCH)
    account = under_perturbation(lab)
    while len(samples) < size:
        request = free_text_request(lab, next(prompts))
        samples += _samples(request, account.chat(request))
    account.expect_to_be_there_still()
    return samples[:size]


def strangers_corpora(lab: Lab) -> Iterator[list[Sample]]:
    """Yield corpora that owe nothing to the key, of three kinds in turn; no text is used twice."""
    plain = (
        sample
        for pairs in free_texts(lab).by(lab)
        for pair in pairs
        for sample in _samples(pair.request, pair.plain)
    )
    lines = lab.examples(free_text_prompts(), LINES)
    while True:
        yield list(itertools.islice(plain, ANSWERS))
        yield [next(plain)] * COPIES
        yield [{"response": line} for line in itertools.islice(lines, LINES)]


def _samples(request: ChatRequest, answer: ChatAnswer) -> list[Sample]:
    (_, prompt) = request.messages[-1]
    return [{"prompt": prompt, "response": choice.text} for choice in answer.choices if choice.text]
