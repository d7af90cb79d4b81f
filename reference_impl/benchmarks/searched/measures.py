"""What is measured of a candidate, with the code of the lab."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from drs_reference.efficacy import corpus, observers
from drs_reference.efficacy.corpus import Corpus, Response
from drs_reference.efficacy.multiplier import multiplier
from drs_reference.efficacy.student import Recipe, accuracy, train_student
from drs_reference.efficacy.tasks import TRACED
from drs_reference.gateway.sampling import Generation, Sampling
from drs_reference.model import LanguageModel
from drs_reference.model.language import Sample

from searched.attackers import PASSIVE, TWICE, Ask, beside_the_question
from searched.candidate import Candidate
from searched.facts import falsified

__all__ = [
    "AUC_MAX",
    "LOST_MIN",
    "MULTIPLIER_MIN",
    "Shown",
    "auc",
    "digest",
    "score",
    "shown",
    "verdict",
]

AUC_MAX = 0.6
LOST_MIN = 0.5
MULTIPLIER_MIN = 4.0
_ANSWER_MAX = 128
_OBSERVED = 1200
"""Most answers of a family that observers look at."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that was asked for, and whether a wrong fact was put into it."""

    ask: Ask
    response: Response
    falsified: bool


def teacher_says(model: LanguageModel, sample: Sample, seed: int) -> str:
    """Return the teacher's answer under a seed, as an endpoint would give it."""
    sampling = Sampling(max_tokens=_ANSWER_MAX, seed=seed)
    generation = Generation(model, sample.messages, sampling)
    return "".join(emission.text for emission in generation.emissions())


def shown(
    candidate: Candidate, asks: Sequence[Ask], prompts: Sequence[Sample], texts: Mapping[Any, str]
) -> list[Shown]:
    """Return what a candidate shows of what the teacher says, by (number of the prompt, seed)."""
    found = []
    for ask in asks:
        sample = prompts[ask.number]
        text = texts[ask.number, candidate.draw(sample, ask.cluster, ask.account, ask.visit)]
        seen = candidate.shown(sample, text, ask.cluster)
        response = Response(sample, seen, ask.account)
        found.append(Shown(ask, response, falsified(sample, text, seen)))
    return found


def digest(learnt: Corpus) -> str:
    """Return a name of a corpus: students of equal ones are equal, and trained once."""
    said = repr([(one.sample.messages, one.text) for one in learnt])
    return hashlib.sha256(said.encode()).hexdigest()


def score(base: Path, learnt: Corpus, recipe: Recipe, seed: int, questions: int) -> float:
    """Return the share of held-out questions that a student of a corpus solves."""
    student = train_student(base, learnt, recipe, seed)
    return accuracy(student, corpus.test_questions(seed, questions))


def auc(clean: Corpus, perturbed: Corpus) -> dict[str, float]:
    """Return how well one answer is told from a clean one, by what the observer has and looks at.

    The corpora answer different prompts, so that no observer can compare two answers to one.
    """
    sights: dict[str, Callable[[Response], Response]] = {
        "answer": lambda one: one,
        "answer beside question": beside_the_question,
    }
    found = {}
    for family, steps in (("steps", True), ("free text", False)):
        parts = [_family(side, steps) for side in (clean, perturbed)]
        size = min(map(len, parts))
        if size < 2:
            continue
        for sight, seen in sights.items():
            told = observers.keyless(*([seen(one) for one in part[:size]] for part in parts))
            found[f"{family}, {sight}"] = round(observers.auc(*told), 3)
    return found


def _family(side: Iterable[Response], steps: bool) -> list[Response]:
    found = [one for one in side if (one.sample.task in TRACED) == steps]
    # The earlier half is learnt from; neither half may be of one kind.
    return Random("observers").sample(found, len(found))[:_OBSERVED]


def verdict(
    scores: Mapping[str, Sequence[float]],
    undefended: Mapping[int, Sequence[float]],
    floor: float,
    told: Mapping[str, float],
    wrong: int,
    samples: int,
    questions: int,
) -> dict[str, Any]:
    """Return what a candidate costs whom, and which of the three goals it meets.

    ``scores`` are those of every attacker by seed, ``undefended`` those of the passive one without
    a mechanism by harvest. An attacker is the stronger the more his students score.
    """
    means = {name: sum(of) / len(of) for name, of in scores.items()}
    equal = {name: mean for name, mean in means.items() if name != TWICE}
    strongest = max(equal, key=lambda name: equal[name])
    best = sum(undefended[samples]) / len(undefended[samples])
    gain = best - floor
    lost = {
        name: round(1 - (mean - floor) / gain, 3) if gain > 0 else None
        for name, mean in means.items()
    }
    factor = multiplier(undefended, {samples: scores[strongest]}, questions)
    most = max(told.values(), default=None)
    costs = lost[strongest]
    met = {
        "truthful": wrong == 0,
        "imperceptible": most is not None and most <= AUC_MAX,
        "costly": (costs is not None and costs >= LOST_MIN) or factor.estimate >= MULTIPLIER_MIN,
    }
    return {
        "wrong_facts": wrong,
        "auc": dict(told),
        "auc_greatest": most,
        "scores": {name: [round(one, 4) for one in of] for name, of in scores.items()},
        "passive": round(means[PASSIVE], 4),
        "strongest": strongest,
        "strongest_score": round(means[strongest], 4),
        "gain_lost": lost,
        "multiplier": {
            "estimate": round(factor.estimate, 2),
            "low": round(factor.low, 2),
            "high": round(factor.high, 2),
            "beyond_measured": factor.beyond_measured,
        },
        "met": met,
        "found": all(met.values()),
    }
