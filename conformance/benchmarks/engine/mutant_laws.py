"""What graded mutants make of an observation: the laws from which their power follows.

A law that would need the whole endpoint is bounded from the side that makes the mutant harder to
find: a window that the mutant leaves alone is never an alarm, a campaign that it lets through is
always found.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
from drs_conformance.checks.distinguishers import advantage, panel
from drs_conformance.checks.equations import STEP_TOKENS, held_better
from drs_conformance.checks.study import CANDIDATES, LEAST_ENTROPY, PROMPTS
from drs_conformance.checks.under_measure import CHOICES, TOKENS
from drs_conformance.checks.votes import FEW_TOKENS, REPETITIONS, vote_gain
from drs_conformance.statistics.boosting import Array
from drs_conformance.traffic.free_text import free_text_prompts
from drs_conformance.traffic.prompts import open_prompts, step_prompts
from drs_conformance.traffic.requests import draw
from drs_conformance.traffic.windows import HARD_CASES
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.credentials import Credentials, fresh_credentials
from drs_reference.gateway.parts import Parts, standard_parts
from drs_reference.gateway.sampling import Generation, Sampling
from drs_reference.model import LanguageModel
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.green_list import GreenListWatermark
from drs_reference.signing import Signer
from drs_reference.storage.sqlite import SqliteStorage
from mutants import MUTANTS

from engine.processes import SPANS, WORST_ADVANTAGE

__all__ = [
    "DIFFERENCES",
    "EVENTS",
    "TOLD_APART",
    "WRONG",
    "First",
    "endpoint_parts",
    "first_tokens",
]

PROMPTS_PLAYED = 132
TOLD_APART = 6
"""First tokens that a check tells apart; the last stands for all others."""


def _flagged_by_volume(most: float) -> list[float]:
    rates = []
    for number, make in enumerate(HARD_CASES.values()):
        windows = [make(Random(1000 * number + k), "w") for k in range(300)]
        loud = [
            [len(account["requests"]) > most for account in window["accounts"]]
            for window in windows
        ]
        rates.append(float(np.mean([0 < sum(one) < len(one) / 2 for one in loud])))
    return rates


EVENTS: Mapping[str, Callable[[float], list[float]]] = {
    "detector-cries-wolf": lambda rate: [rate],
    "volume-is-flagged": _flagged_by_volume,
    "campaigns-pass-unseen": lambda seen: [seen],
    # At least one digit stands in every answer that is compared.
    "digits-are-swapped": lambda share: [share],
    "harm-is-answered-under-the-measure": lambda share: [share],
    "strangers-are-accused": lambda share: [share],
    "campaigns-are-noticed-late": lambda in_time: [in_time],
    # `control` beside a campaign is spared; without campaigns only others are looked at.
    "anybody-is-suspected": lambda share: [share],
    "addresses-are-clusters": lambda share: [share],
    "forms-grow-a-member": lambda share: [share],
    "everybody-waits": lambda share: [share],
}
"""Rates of the event of a design of the kind `rate`, by alternative."""


def _scores(mean: float) -> list[Array]:
    scores = 2 * mean * (np.arange(200) + 0.5) / 200
    span = SPANS["DET-04"]
    return [(1 - np.minimum(scores, 1 + span)) / span]


def _votes(scale: float) -> list[Array]:
    """Return how much more often single answers are right than a vote over them."""
    gains = []
    with endpoint_parts() as parts:
        noisy = MUTANTS["noise-is-drawn-afresh"].alter(parts, scale)
        for prompt in draw(free_text_prompts(), PROMPTS_PLAYED, 1):
            sampling = Sampling(temperature=0.0, max_tokens=FEW_TOKENS)
            (plain,) = texts_of(noisy, prompt, sampling, measured=False)
            texts = texts_of(noisy, prompt, sampling, measured=True, times=REPETITIONS)
            gains.append(-vote_gain(plain, texts))
    return [np.array(gains)]


def _false_steps(share: float) -> list[Array]:
    """Return how much oftener answers without the measure have a false equation than with it."""
    sampling, values = Sampling(max_tokens=STEP_TOKENS), []
    with endpoint_parts() as parts:
        spoilt = MUTANTS["sampled-steps-are-false"].alter(parts, share)
        for prompt in draw(step_prompts(), PROMPTS_PLAYED, 1):
            texts = [texts_of(spoilt, prompt, sampling, measured=m)[0] for m in (False, True)]
            better = held_better(*texts)
            values += [] if better is None else [better]
    return [np.array(values)]


def _shown(rise: float) -> list[Array]:
    """Return how far each distinguisher is from the worst advantage that may be declared."""
    sides: tuple[list[list[str]], list[list[str]]] = ([], [])
    sampling = Sampling(max_tokens=TOKENS)
    with endpoint_parts() as parts:
        loud = MUTANTS["perturbation-shows"].alter(parts, rise)
        for prompt in draw(free_text_prompts(), PROMPTS_PLAYED, 1):
            for measured, side in enumerate(sides):
                side.append(
                    texts_of(loud, prompt, sampling, measured=bool(measured), times=CHOICES)
                )
    gains = []
    for distinguisher in panel().values():
        # As in a run, with no more than two of its rounds to learn from.
        distinguisher.learn(*([t for texts in side[:32] for t in texts] for side in sides))
        seen = [
            advantage(distinguisher, plain, perturbed)
            for plain, perturbed in zip(*(side[32:] for side in sides), strict=True)
        ]
        gains.append((WORST_ADVANTAGE - np.array(seen)) / SPANS["PRT-03"])
    return gains


def texts_of(
    parts: Parts, prompt: str, sampling: Sampling, *, measured: bool, times: int = 1
) -> list[str]:
    """Return answers to the same request, each sent by itself."""
    account: Any = SimpleNamespace(id="a", persona="fresh-1", under=lambda _: measured)
    request = ChatRequest("", (("user", prompt),), sampling)
    texts = []
    for _ in range(times):
        applied = parts.perturbation.applied(account, request) or Applied(sampling)
        answer = Generation(
            parts.model,
            request.messages,
            applied.sampling,
            perturb=applied.step,
            draw=applied.draw,
        )
        texts.append("".join(emission.text for emission in answer.emissions()))
    return texts


def _waits(share: float) -> list[Array]:
    """Return who waits longer: the account that is observed every other time, or `control`."""
    return [-(np.arange(1000) < 500 * share).astype(float)]


WRONG: Mapping[str, Mapping[str, float]] = {
    "last-numbers-are-off-by-one": {"STD-04": 0.6, "STD-06": 1.0},
    "values-are-off-by-one": {"STD-04": 0.4},
}
"""Share of the questions of a requirement whose answers a mutant may spoil."""

DIFFERENCES: Mapping[str, Callable[[float], list[Array]]] = {
    # Scores of ordinary weeks, where the detector itself says 0.
    "scores-are-too-high": _scores,
    "suspects-wait": _waits,
    "noise-is-drawn-afresh": _votes,
    "sampled-steps-are-false": _false_steps,
    "perturbation-shows": _shown,
}
"""Equally probable values of what a test bets on, by alternative."""


@dataclass(frozen=True, slots=True)
class First:
    """Laws (prompts, values) of the first token of a study: as declared, and by account."""

    declared: Array
    control: Array
    other: Array


@contextlib.contextmanager
def endpoint_parts() -> Iterator[Parts]:
    """Yield the parts of a reference endpoint that serves nobody."""
    with tempfile.TemporaryDirectory() as folder:
        storage = SqliteStorage(Path(folder) / "storage.sqlite")
        yield standard_parts(
            issuer="http://127.0.0.1",
            storage=storage,
            credentials=Credentials(fresh_credentials()),
            signer=Signer(bytes(32)),
            model=LanguageModel.load(),
            perturbation=GreenListWatermark(bytes(32)),
        )
        storage.close()


def first_tokens(parts: Parts, mutant: str, strength: str, seed: int) -> First:
    """Return what the study of a run with this seed sees of a mutant."""
    altered = MUTANTS[mutant].altered(strength)(parts)
    prompts = list(dict.fromkeys(draw(open_prompts(), CANDIDATES, seed)))
    plain = {prompt: _law(parts, prompt, "control") for prompt in prompts}
    chosen = sorted(prompts, key=lambda prompt: -_entropy(plain[prompt]))[:PROMPTS]
    chosen = [prompt for prompt in chosen if _entropy(plain[prompt]) >= LEAST_ENTROPY]
    rows = []
    for prompt in chosen:
        known = sorted(plain[prompt], key=lambda text: -plain[prompt][text])[: TOLD_APART - 1]
        laws = (plain[prompt], _law(altered, prompt, "control"), _law(altered, prompt, "fresh-1"))
        rows.append([_told_apart(law, known) for law in laws])
    declared, control, other = np.moveaxis(np.array(rows), 1, 0)
    return First(declared, control, other)


def _law(parts: Parts, prompt: str, persona: str) -> dict[str, float]:
    logits = parts.model.start([("user", prompt)]).logits()
    account: Any = SimpleNamespace(persona=persona, under=lambda _: False)
    request = ChatRequest("", (("user", prompt),), Sampling())
    applied = parts.perturbation.applied(account, request) or Applied(request.sampling)
    logits = applied.step(logits, [parts.model.end])
    weights = np.exp(logits.astype(float) - float(logits.max()))
    law: dict[str, float] = {}
    for token, share in enumerate(weights / weights.sum()):
        text = parts.model.tokenizer.token_text(token)
        law[text] = law.get(text, 0.0) + float(share)
    return law


def _entropy(law: Mapping[str, float]) -> float:
    return -sum(p * np.log(p) for p in law.values() if p > 0)


def _told_apart(law: Mapping[str, float], known: list[str]) -> Array:
    shares = np.array([law[text] for text in known])
    told = np.append(shares, max(1 - shares.sum(), 1e-6))
    result: Array = told / told.sum()
    return result
