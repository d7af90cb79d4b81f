"""How far a mechanism moves an answer, computed where the model is known.

Given the key, the law of every token is known, so the divergence of a response is the expectation,
over perturbed prefixes, of a sum of exact divergences (Rao-Blackwell): ``exact``. The log-ratio of
the perturbed and the declared probability of whole perturbed responses has the same expectation and
shares no step with that: ``plain``. The same log-ratio is what the best observer who holds the key
looks at, so its laws under both give the advantage and the area under the curve (AUC).

Without the key the law is the mean over keys. It is the declared one for distortion-free
mechanisms, so ``over_keys`` is 0 for them, up to a bias of about the fixed-key figure divided by
the number of keys that are averaged.
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
    "advantage",
    "advantage_bound",
    "auc",
    "laws",
    "measure",
    "over_keys",
]

Messages = Sequence[tuple[str, str]]


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
        ratio, divergence = _response(model, messages, applied, random, keyed=True)
        exact.append(divergence)
        perturbed.append(ratio)
        clean.append(_response(model, messages, applied, random, keyed=False)[0])
    ratios = np.array(perturbed)
    return Budget(Estimate.of(np.array(exact)), Estimate.of(ratios), ratios, np.array(clean))


def over_keys(
    model: Model,
    mechanisms: Sequence[Answering],
    prompts: Sequence[Messages],
    sampling: Sampling,
    random: np.random.Generator,
) -> Estimate:
    """Divergence, nats per response, of the mean law of mechanisms that differ by their keys.

    Position by position over clean prefixes, which differ from perturbed ones in the second order.
    """
    found = []
    for messages in prompts:
        every = [mechanism.answering(messages, sampling) for mechanism in mechanisms]
        total = 0.0

        def note(
            decoding: Decoding,
            before: Sequence[int],
            counts: Floats,
            every: Sequence[Applied] = every,
        ) -> Floats:
            nonlocal total
            pairs = [laws(decoding, applied, before, counts) for applied in every]
            declared = pairs[0][0]
            total += _divergence(np.mean([given for _, given in pairs], axis=0), declared)
            return declared

        _walk(model, messages, sampling, note, random)
        found.append(total)
    return Estimate.of(np.array(found))


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


def _response(
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
