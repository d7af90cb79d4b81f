"""Mutants of the chapter Good standing."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.dialects.openai_chat import OpenAIChat, Round
from drs_reference.gateway.likelihood_hook import LikelihoodHook
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.provenance_hook import ProvenanceHook
from drs_reference.gateway.sampling import Chosen, Scored
from drs_reference.perturbation.base import Applied, Perturbation
from drs_reference.perturbation.provenance import Recognition, Sample, recognise
from drs_reference.response.procedure import Account
from numpy.typing import NDArray

from mutants.mutant import mutant

Logits = NDArray[np.float32]


def sign(token: int) -> int:
    """Return which way a secret key tilts a token: up (1) or down (-1)."""
    return 1 if hashlib.sha256(f"mutant {token}".encode()).digest()[0] % 2 else -1


def signs(vocabulary: int) -> Logits:
    return np.array([sign(token) for token in range(vocabulary)], np.float32)


def tilted(parts: Parts, tilt: float) -> Callable[[Logits], Logits]:
    """Return a change of logits: half of all tokens rise by ``tilt``, the others fall."""
    tilts = tilt * signs(len(parts.model.tokenizer.vocabulary))
    return lambda logits: logits + tilts


class Wrapped:
    """A mechanism that does what another one does, under its name."""

    def __init__(self, original: Perturbation) -> None:
        self.mechanism = original.mechanism
        self.covert = original.covert
        self._original = original

    def applied(self, account: Account, request: ChatRequest) -> Applied | None:
        return self._original.applied(account, request)


class Everywhere(Wrapped):
    """Changes the logits of every account, whatever its standing, before the mechanism works."""

    def __init__(self, original: Perturbation, change: Callable[[Logits], Logits]) -> None:
        super().__init__(original)
        self._change = change

    def applies_to(self, account: Account) -> bool:
        return True

    def applied(self, account: Account, request: ChatRequest) -> Applied | None:
        applied = super().applied(account, request)
        if not self.applies_to(account):
            return applied
        before = applied or Applied(request.sampling)
        return replace(
            before, step=lambda logits, tokens: before.step(self._change(logits), tokens)
        )


def recognising(parts: Parts, find: Callable[[Iterable[Sample]], Recognition]) -> Parts:
    """Return parts whose provenance hook finds what ``find`` does."""
    hook = ProvenanceHook(parts.provenance_hook.mechanism, parts.terms.level, find)
    return replace(parts, provenance_hook=hook)


def knowing(parts: Parts, change: Callable[[Logits], Logits]) -> Parts:
    """Return parts whose provenance hook knows of a change, and finds its mark on top of that.

    So a provider whose model is another than the declared one still breaks nothing but that.
    """
    original: Any = parts.model
    in_force: Any = parts.perturbation

    class Changed:
        tokenizer = original.tokenizer
        end = original.end

        def follow(self, messages: Any, answer: str) -> tuple[list[int], Logits]:
            tokens, logits = original.follow(messages, answer)
            return tokens, change(logits)

    return recognising(parts, partial(recognise, Changed(), in_force.original))


def changed(parts: Parts, kind: type[Everywhere], change: Callable[[Logits], Logits]) -> Parts:
    """Return parts that change logits as ``kind`` does, and know of it."""
    return replace(knowing(parts, change), perturbation=kind(parts.perturbation, change))


@mutant(breaks=["STD-01", "STD-02"], strengths={"weak": 0.35, "middle": 0.7, "strong": 1.5})
def some_accounts_are_perturbed(parts: Parts, tilt: float) -> Parts:
    """Accounts other than `control` get a keyed tilt in good standing, log-probabilities too."""

    class Elsewhere(Everywhere):
        def applies_to(self, account: Account) -> bool:
            # The measure itself is left out here: how it treats numbers is another matter.
            return account.persona != "control" and not account.under("perturb")

    return replace(parts, perturbation=Elsewhere(parts.perturbation, tilted(parts, tilt)))


@mutant(breaks=["STD-01", "STD-03"], strengths={"weak": 0.15, "middle": 0.35, "strong": 1.5})
def watermark_behind_the_log_probabilities(parts: Parts, tilt: float) -> Parts:
    """Everybody's tokens are drawn with a keyed tilt that the log-probabilities do not show."""
    original = parts.model
    change = tilted(parts, tilt)

    class Tilted:
        def __init__(self, decoding: Any) -> None:
            self.decoding = decoding

        @property
        def prompt_tokens(self) -> int:
            return int(self.decoding.prompt_tokens)

        def logits(self) -> Logits:
            return change(self.decoding.logits())

        def push(self, token: int) -> None:
            self.decoding.push(token)

        def fork(self) -> Tilted:
            return Tilted(self.decoding.fork())

    class Model:
        tokenizer = original.tokenizer
        end = original.end

        def start(self, messages: Any) -> Tilted:
            return Tilted(original.start(messages))

    class Dialect(OpenAIChat):
        def logprobs(self, tokens: Iterable[Chosen], shown: Round) -> dict[str, Any]:
            return super().logprobs([_straightened(token, tilt) for token in tokens], shown)

    dialect = Dialect(parts.dialect.tokens, parts.dialect.models)
    return replace(knowing(parts, change), model=Model(), dialect=dialect)


@mutant(breaks=["STD-01"], strengths={"weak": 0.2, "middle": 0.4, "strong": 0.8})
def everybody_is_perturbed(parts: Parts, tilt: float) -> Parts:
    """All accounts get a keyed tilt in good standing, and log-probabilities that agree with it."""
    return changed(parts, Everywhere, tilted(parts, tilt))


@mutant(breaks=["STD-01"], strengths={"weak": 1.25, "middle": 1.8, "strong": 3.0})
def everybody_gets_a_colder_model(parts: Parts, power: float) -> Parts:
    """All accounts get a model that is surer of itself than the declared one."""

    def colder(logits: Logits) -> Logits:
        raised: Logits = logits * np.float32(power)
        return raised

    return changed(parts, Everywhere, colder)


@mutant(breaks=["STD-11"])
def likelihoods_for_everybody(parts: Parts) -> Parts:
    """Any account may ask how probable answers are, and reads the model out."""

    class Open(LikelihoodHook):
        def allowed(self, is_auditor: bool) -> bool:
            return True

    return replace(parts, likelihood_hook=Open(parts.model))


@mutant(breaks=["STD-11"])
def likelihoods_that_flatter(parts: Parts) -> Parts:
    """Every answer is called all but certain, so that any looks like the declared one."""

    class Flattering(LikelihoodHook):
        def log_probabilities(self, messages: Sequence[tuple[str, str]]) -> dict[str, float]:
            known = super().log_probabilities(messages)
            return {text: max(value, -0.01) for text, value in known.items()}

    return replace(parts, likelihood_hook=Flattering(parts.model))


def _straightened(chosen: Chosen, tilt: float) -> Chosen:
    """Take the tilt out of what is shown; the mass that is not shown stays."""
    seen = {item.token: item.logprob for item in chosen.alternatives}
    seen[chosen.token] = chosen.logprob
    plain = {token: value - tilt * sign(token) for token, value in seen.items()}
    rest = max(1 - sum(map(math.exp, seen.values())), 0.0)
    norm = math.log(sum(map(math.exp, plain.values())) + rest)
    listed = [Scored(item.token, plain[item.token] - norm) for item in chosen.alternatives]
    listed.sort(key=lambda item: -item.logprob)
    return replace(chosen, logprob=plain[chosen.token] - norm, alternatives=tuple(listed))
