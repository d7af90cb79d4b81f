"""How far a mechanism moves an answer, computed where the model is known.

Given the key, the law of every token is known, so the divergence of a response is the expectation,
over perturbed prefixes, of a sum of exact divergences (Rao-Blackwell): ``exact``. The log-ratio of
the perturbed and the declared probability of whole perturbed responses has the same expectation and
shares no step with that: ``plain``. The same log-ratio is what the best observer who holds the key
looks at, so its laws under both give the advantage and the area under the curve (AUC).

Without the key the law is the mean over keys. It is the declared one for distortion-free
mechanisms, so ``over_keys`` is 0 for them. ``replayed`` says of a response that came from elsewhere
how probable it was; its ``surprise`` is 0 on average if it was drawn from the declared law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drs_reference.gateway.sampling import (
    Decoding,
    Floats,
    Model,
    Sampling,
    adjusted,
    drawn,
    weights,
)
from drs_reference.perturbation.base import Applied, KnownDraw

__all__ = [
    "Answering",
    "Budget",
    "Estimate",
    "Replayed",
    "advantage",
    "advantage_bound",
    "auc",
    "laws",
    "measure",
    "over_keys",
    "replayed",
    "response",
]

Messages = Sequence[tuple[str, str]]
RARE = 0.01
"""Declared probability below which tokens are not told apart over keys."""


class Answering(Protocol):
    """A mechanism that says what it does to an answer."""

    def answering(self, messages: Messages, sampling: Sampling) -> Applied:
        """What is done to the answer to (role, text) messages."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, values: Floats) -> Estimate:
        """The mean of independent values, two at least."""
        return cls(float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))))

    def agrees(self, other: Estimate, deviations: float = 4.0) -> bool:
        """Whether two estimates of one thing lie as near to each other as their errors say."""
        if math.isinf(self.mean) or math.isinf(other.mean):
            return self.mean == other.mean
        spread = math.hypot(self.error, other.error)
        return abs(self.mean - other.mean) <= deviations * spread + 1e-9


@dataclass(frozen=True, slots=True)
class Budget:
    """What was measured for one key, nats per response.

    ``perturbed`` and ``clean`` (responses,) are log-ratios of the probability with the mechanism
    and without, of responses made with it and without.
    """

    exact: Estimate
    plain: Estimate
    perturbed: Floats
    clean: Floats

    @property
    def advantage(self) -> float:
        """Of the best observer with the key, on one response."""
        return advantage(self.perturbed, self.clean)

    def auc(self, responses: int, random: np.random.Generator) -> float:
        """Of the best observer with the key, on a number of responses."""
        return auc(self.perturbed, self.clean, responses, random)


def laws(
    decoding: Decoding, applied: Applied, before: Sequence[int], counts: Floats
) -> tuple[Floats, Floats]:
    """Probabilities (vocabulary,) of the next token: declared, and given the key.

    Raises ``TypeError`` for a draw whose law is not known.
    """
    if applied.draw is not drawn and not isinstance(applied.draw, KnownDraw):
        raise TypeError(f"the law of the draw {applied.draw!r} is not known; use a KnownDraw")
    logits = decoding.logits()
    declared = weights(adjusted(logits, applied.sampling, counts), applied.sampling)
    changed = applied.step(logits, before)
    given = declared
    if changed is not logits:
        given = weights(adjusted(changed, applied.sampling, counts), applied.sampling)
    if isinstance(applied.draw, KnownDraw):
        given = applied.draw.law(given, before)
    return declared / declared.sum(), given / given.sum()


def measure(
    model: Model,
    mechanism: Answering,
    prompts: Sequence[Messages],
    sampling: Sampling,
    random: np.random.Generator,
) -> Budget:
    """Measure with one perturbed and one clean response to each of at least two prompts.

    ``sampling`` has a temperature at which answers are not drawn alike (``keyed_draw``).
    """
    exact, perturbed, clean = [], [], []
    for messages in prompts:
        applied = mechanism.answering(messages, sampling)
        ratio, divergence = response(model, messages, applied, random, keyed=True)
        exact.append(divergence)
        perturbed.append(ratio)
        clean.append(response(model, messages, applied, random, keyed=False)[0])
    ratios = np.array(perturbed)
    return Budget(Estimate.of(np.array(exact)), Estimate.of(ratios), ratios, np.array(clean))


def over_keys(
    model: Model,
    mechanisms: Sequence[Answering],
    messages: Messages,
    sampling: Sampling,
    random: np.random.Generator,
) -> float:
    """Divergence of the mean law of mechanisms that differ by their keys, two or more.

    It is the chi-square divergence, which is at least that in nats, position by position over a
    clean response, which differs from perturbed ones in the second order. The product of what two
    halves of the keys make of it has no bias, however few they are. Tokens rarer than ``RARE``
    count as one.
    """
    every = [mechanism.answering(messages, sampling) for mechanism in mechanisms]
    total = 0.0

    def note(decoding: Decoding, before: Sequence[int], counts: Floats) -> Floats:
        nonlocal total
        pairs = [laws(decoding, applied, before, counts) for applied in every]
        declared = pairs[0][0]
        common = declared >= RARE
        halves = [
            np.mean([given for _, given in pairs[half::2]], axis=0) - declared for half in (0, 1)
        ]
        first, second = (np.append(half[common], half[~common].sum()) for half in halves)
        share = np.append(declared[common], declared[~common].sum())
        total += float((first * second)[share > 0] @ (1 / share[share > 0]))
        return declared

    _walk(model, messages, sampling, note, random)
    return total


@dataclass(frozen=True, slots=True)
class Replayed:
    """A response under two laws, nats.

    ``ratio`` is log of its probability given the key over the declared one, ``surprisal`` minus log
    of the declared one, and ``entropy`` the sum over its positions of that of the declared law.
    """

    ratio: float
    surprisal: float
    entropy: float

    @property
    def surprise(self) -> float:
        """What the declared law did not expect."""
        return self.surprisal - self.entropy


def replayed(model: Model, messages: Messages, applied: Applied, tokens: Sequence[int]) -> Replayed:
    """What the laws say of the tokens of a response, the one that ends it among them."""
    decoding, before = model.start(messages), [model.end]
    counts: Floats = np.zeros(len(model.tokenizer.vocabulary))
    ratio = surprisal = entropy = 0.0
    for token in tokens:
        declared, given = laws(decoding, applied, before, counts)
        possible = declared[declared > 0]
        entropy -= float((possible * np.log(possible)).sum())
        with np.errstate(divide="ignore"):
            surprisal -= float(np.log(declared[token]))
            ratio += float(np.log(given[token] / declared[token]))
        before.append(token)
        counts[token] += 1
        decoding.push(token)
    return Replayed(ratio, surprisal, entropy)


def advantage(perturbed: Floats, clean: Floats) -> float:
    """Difference of probabilities at the best threshold for log-ratios: the total variation.

    The threshold is 0, where the responses are as probable with the mechanism as without.
    """
    return max(0.0, float((perturbed > 0).mean() - (clean > 0).mean()))


def advantage_bound(divergence: float) -> float:
    """Upper bound on the total variation: the better of Pinsker and Bretagnolle-Huber."""
    return min(math.sqrt(divergence / 2), math.sqrt(-math.expm1(-divergence)))


def auc(
    perturbed: Floats,
    clean: Floats,
    responses: int,
    random: np.random.Generator,
    draws: int = 20000,
) -> float:
    """Probability that a sum of log-ratios of perturbed responses exceeds one of clean ones.

    Sums of several responses are drawn with replacement from those measured.
    """
    if responses > 1:
        perturbed, clean = (
            random.choice(ratios, (draws, responses)).sum(axis=1) for ratios in (perturbed, clean)
        )
    ordered = np.sort(clean)
    below = np.searchsorted(ordered, perturbed, side="left")
    upto = np.searchsorted(ordered, perturbed, side="right")
    return float((below + upto).mean() / (2 * len(ordered)))


def _divergence(given: Floats, declared: Floats) -> float:
    there = given > 0
    return float((given[there] * np.log(given[there] / declared[there])).sum())


def response(
    model: Model, messages: Messages, applied: Applied, random: np.random.Generator, *, keyed: bool
) -> tuple[float, float]:
    """The log-ratio of one response, made with the mechanism or without, and its divergence."""
    divergence = 0.0
    last: tuple[Floats, Floats] | None = None
    taken: list[tuple[Floats, Floats]] = []

    def note(decoding: Decoding, before: Sequence[int], counts: Floats) -> Floats:
        nonlocal divergence, last
        declared, given = last = laws(decoding, applied, before, counts)
        taken.append(last)
        if given is not declared:
            divergence += _divergence(given, declared)
        return given if keyed else declared

    tokens = _walk(model, messages, applied.sampling, note, random)
    with np.errstate(divide="ignore"):
        ratio = sum(
            float(np.log(given[token] / declared[token]))
            for token, (declared, given) in zip(tokens, taken, strict=True)
        )
    return ratio, divergence


def _walk(
    model: Model,
    messages: Messages,
    sampling: Sampling,
    law: Callable[[Decoding, Sequence[int], Floats], Floats],
    random: np.random.Generator,
) -> list[int]:
    """Tokens of a response whose next token has the probabilities that ``law`` returns."""
    decoding, before = model.start(messages), [model.end]
    counts: Floats = np.zeros(len(model.tokenizer.vocabulary))
    while len(before) <= sampling.max_tokens:
        if len(before) > 1:
            decoding.push(before[-1])
        token = drawn(law(decoding, before, counts), before, random)
        before.append(token)
        if token == model.end:
            break
        counts[token] += 1
    return before[1:]
