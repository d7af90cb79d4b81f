"""Mutants whose mechanism shows, gives way, averages away or cannot be recognised."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.safety import SafetyPolicy
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.green_list import ENTROPY_FLOOR, entropy
from drs_reference.perturbation.provenance import Recognition
from drs_reference.response.procedure import Account

from mutants.good_standing import Logits, Wrapped, recognising
from mutants.mutant import mutant


@mutant(breaks=["PRT-03"], strengths={"weak": 0.3, "middle": 0.5, "strong": 1.0})
def perturbation_shows(parts: Parts, share: float) -> Parts:
    """Some perturbed answers begin with a word with which no other does, so that anybody tells."""
    (word,) = parts.model.tokenizer.encode(" because")

    class Showing(Wrapped):
        def applied(self, account: Account, request: ChatRequest) -> Applied | None:
            applied = super().applied(account, request)
            if applied is None or random.random() >= share:
                return applied
            step = applied.step

            def opening(logits: Logits, before: Sequence[int]) -> Logits:
                if len(before) == 1 and entropy(logits) >= ENTROPY_FLOOR:
                    logits[word] = logits.max() + 20
                return step(logits, before)

            return replace(applied, step=opening)

    return replace(parts, perturbation=Showing(parts.perturbation))


@mutant(breaks=["PRT-05"], strengths={"weak": 0.03, "middle": 0.08, "strong": 0.9})
def harm_is_answered_under_the_measure(parts: Parts, share: float) -> Parts:
    """An account under perturbation is answered what everybody else is refused."""

    class Lax(SafetyPolicy):
        def refusal(self, account: Account, question: str) -> str | None:
            if account.under("perturb") and random.random() < share:
                return None
            return super().refusal(account, question)

    return replace(parts, safety=Lax())


@mutant(breaks=["PRT-07"], strengths={"weak": 0.3, "middle": 0.5, "strong": 0.7}, subtle=True)
def noise_is_drawn_afresh(parts: Parts, scale: float) -> Parts:
    """At a low temperature each answer gets noise of its own instead of a draw by the key."""
    rng = np.random.default_rng()

    class Noisy(Wrapped):
        def applied(self, account: Account, request: ChatRequest) -> Applied | None:
            applied = super().applied(account, request)
            if applied is None or applied.sampling is request.sampling:
                return applied
            return Applied(request.sampling, self.step)

        def step(self, logits: Logits, before: Sequence[int]) -> Logits:
            if entropy(logits) < ENTROPY_FLOOR:
                return logits
            noise = rng.normal(scale=scale, size=logits.shape)
            noisy: Logits = logits + noise.astype(np.float32)
            return noisy

    return replace(parts, perturbation=Noisy(parts.perturbation))


def saying(parts: Parts, answer: Callable[[Recognition], Recognition]) -> Parts:
    """Return parts whose provenance hook says something else than what it found."""
    find = parts.provenance_hook.recognise
    return recognising(parts, lambda samples: answer(find(samples)))


@mutant(breaks=["PRT-08"], subtle=True)
def corpora_are_not_recognised(parts: Parts) -> Parts:
    """The provenance hook claims nothing, whatever it is shown."""
    return saying(parts, lambda found: replace(found, p_value=1.0))


@mutant(breaks=["PRT-08"], strengths={"weak": 0.05, "middle": 0.2, "strong": 1.0})
def strangers_are_accused(parts: Parts, share: float) -> Parts:
    """The provenance hook claims corpora that the provider has nothing to do with."""

    def accused(found: Recognition) -> Recognition:
        return replace(found, p_value=1e-9) if random.random() < share else found

    return saying(parts, accused)


def spared(parts: Parts, is_spared: Callable[[ChatRequest], bool]) -> Parts:
    """Return parts whose mechanism leaves some requests alone."""

    class Sparing(Wrapped):
        def applied(self, account: Account, request: ChatRequest) -> Applied | None:
            return None if is_spared(request) else super().applied(account, request)

    return replace(parts, perturbation=Sparing(parts.perturbation))


@mutant(breaks=["EXP-12"])
def zero_temperature_is_spared(parts: Parts) -> Parts:
    """Zero temperature switches the mechanism off."""
    return spared(parts, lambda request: request.sampling.temperature == 0)


@mutant(breaks=["EXP-12"])
def seeds_are_spared(parts: Parts) -> Parts:
    """A fixed seed switches the mechanism off."""
    return spared(parts, lambda request: request.sampling.seed is not None)


@mutant(breaks=["EXP-12"])
def choices_with_a_seed_are_spared(parts: Parts) -> Parts:
    """Several choices with a fixed seed switch the mechanism off."""

    def is_spared(request: ChatRequest) -> bool:
        return request.choices > 1 and request.sampling.seed is not None

    return spared(parts, is_spared)
