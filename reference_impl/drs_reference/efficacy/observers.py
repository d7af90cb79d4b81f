"""Observers: how well perturbed answers are told from unperturbed ones.

The key holder has the key and the model, and takes the log-likelihood ratio; the keyless observer
has a sample of both kinds and learns to tell them by words and pairs of words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from drs_reference.efficacy.corpus import Corpus, Response
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import (
    Floats,
    Logits,
    Sampling,
    drawn,
    log_probabilities,
    untilted,
)
from drs_reference.model import LanguageModel
from drs_reference.perturbation.base import Applied, KnownDraw, Perturbation
from drs_reference.response.procedure import Account

__all__ = [
    "GROUPS",
    "applied_to",
    "auc",
    "auc_of_groups",
    "divergence",
    "key_holder",
    "keyless",
    "law",
]

GROUPS = (1, 10, 100, 1000)
"""Numbers of responses that an observer sees."""
_TRIES = 400
_DRAWS = 16
_FEATURES = 1500
_STEPS = 200
_WORD = re.compile(r"\w+|[^\w\s]")


def applied_to(mechanism: Perturbation, account: Account, response: Response) -> Applied:
    """What a mechanism does to the answer of a harvested prompt."""
    sampling = Sampling()
    request = ChatRequest("", response.sample.messages, sampling)
    return mechanism.applied(account, request) or Applied(sampling)


def law(applied: Applied, logits: Logits, before: Sequence[int]) -> Floats:
    """Log-probabilities (vocabulary,) with which a mechanism lets the next token be drawn.

    A draw of its own is seen only from outside: it is made ``_DRAWS`` times and its frequencies are
    smoothed with the law that it draws from.
    """
    log_q = log_probabilities(applied.step(logits, before))
    if applied.draw is drawn:
        return log_q
    weights = np.exp(log_q)
    if isinstance(applied.draw, KnownDraw):
        with np.errstate(divide="ignore"):
            known: Floats = np.log(applied.draw.law(weights, before))
        return known
    hits = np.zeros_like(weights)
    random = np.random.default_rng(0)
    for _ in range(_DRAWS):
        hits[applied.draw(weights, before, random)] += 1
    with np.errstate(divide="ignore"):
        smoothed: Floats = np.log((hits + weights) / (_DRAWS + 1))
    return smoothed


def key_holder(
    model: LanguageModel, mechanism: Perturbation, account: Account, corpus: Corpus
) -> Floats:
    """The log-likelihood ratio of each response, perturbed to unperturbed, nats."""
    return np.array([_log_ratio(model, applied_to(mechanism, account, r), r) for r in corpus])


def _log_ratio(model: LanguageModel, applied: Applied, response: Response) -> float:
    tokens, logits = model.follow(response.sample.messages, response.text)
    ratio = 0.0
    for place, token in enumerate(tokens):
        before = [model.end, *tokens[:place]]
        log_p = log_probabilities(logits[place])[token]
        if np.isfinite(log_p):
            ratio += float(law(applied, logits[place], before)[token] - log_p)
    return ratio


def divergence(
    model: LanguageModel, mechanism: Perturbation, account: Account, corpus: Corpus
) -> float | None:
    """Expected divergence of a perturbed response from the declared one, nats.

    Exact at each place of responses that were perturbed, so the mean has no bias; None for a
    mechanism with a draw of its own, whose law is not known from outside.
    """
    found = []
    for response in corpus:
        applied = applied_to(mechanism, account, response)
        if applied.draw is not drawn:
            return None
        if applied.step is untilted:
            found.append(0.0)
            continue
        tokens, logits = model.follow(response.sample.messages, response.text)
        total = 0.0
        for place in range(len(tokens)):
            log_q = law(applied, logits[place], [model.end, *tokens[:place]])
            log_p = log_probabilities(logits[place])
            possible = np.isfinite(log_q)
            total += float(np.exp(log_q[possible]) @ (log_q[possible] - log_p[possible]))
        found.append(total)
    return float(np.mean(found))


def keyless(clean: Corpus, perturbed: Corpus) -> tuple[Floats, Floats]:
    """Scores of the later halves of two corpora by a classifier that learnt from the earlier ones.

    Logistic regression on counts of words and pairs of words.
    """
    halves = [
        (corpus[: len(corpus) // 2], corpus[len(corpus) // 2 :]) for corpus in (clean, perturbed)
    ]
    seen = Counter(
        feature for first, _ in halves for one in first for feature in set(_features(one))
    )
    known = {feature: i for i, (feature, _) in enumerate(seen.most_common(_FEATURES))}
    learnt = np.concatenate([_counts(first, known) for first, _ in halves])
    kind = np.repeat([-1.0, 1.0], [len(first) for first, _ in halves])
    weights, velocity = np.zeros(learnt.shape[1]), np.zeros(learnt.shape[1])
    rate = 1.0 / (0.25 * float(np.mean(np.sum(learnt**2, axis=1))) + 1e-3)
    for _ in range(_STEPS):
        margin = kind * (learnt @ weights)
        slope = -(kind / (1 + np.exp(np.clip(margin, -50, 50)))) @ learnt / len(kind)
        velocity = 0.9 * velocity - rate * (slope + 1e-3 * weights)
        weights += velocity
    scores = [_counts(rest, known) @ weights for _, rest in halves]
    return scores[0], scores[1]


def _features(response: Response) -> list[str]:
    words = _WORD.findall(response.text)
    return [*words, *(f"{a} {b}" for a, b in pairwise(words))]


def _counts(corpus: Corpus, known: dict[str, int]) -> Floats:
    """Counts (responses, features + 1), with a column of ones."""
    counts = np.zeros((len(corpus), len(known) + 1))
    counts[:, -1] = 1
    for row, response in enumerate(corpus):
        for feature in _features(response):
            if feature in known:
                counts[row, known[feature]] += 1
    return counts


def auc(negative: Floats, positive: Floats) -> float:
    """Probability that a positive score is above a negative one, equal ones counting half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    upto = np.searchsorted(ordered, positive, "right")
    return float(np.mean(below + upto) / (2 * len(negative)))


def auc_of_groups(negative: Floats, positive: Floats, size: int, seed: int = 0) -> float:
    """AUC of the sums of ``size`` scores, drawn with replacement."""
    if size == 1:
        return auc(negative, positive)
    random = np.random.default_rng(seed)
    sums = [random.choice(scores, (_TRIES, size)).sum(axis=1) for scores in (negative, positive)]
    return auc(sums[0], sums[1])
