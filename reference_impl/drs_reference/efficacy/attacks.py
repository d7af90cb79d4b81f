"""Attackers: what the maker of a student does to a corpus, and how it is asked for.

Names are those of the schema perturbation-evidence. None knows a right answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from drs_reference.efficacy.corpus import Corpus, Response
from drs_reference.efficacy.harvest import Plan
from drs_reference.efficacy.tasks import (
    TRACED,
    conclusion,
    consistent,
    joined,
    statements,
    steps_expected,
)
from drs_reference.model.templates import Template

__all__ = ["ATTACKS", "PASSIVE", "Attack"]

PASSIVE = "passive"
_REPEATS = 3
_REDRAWN = 0.5
"""Share of free choices of words that a paraphrase makes anew."""


def as_it_came(corpus: Corpus) -> Corpus:
    """The corpus unchanged."""
    return corpus


def deduplicated(corpus: Corpus) -> Corpus:
    """The first of equal answers to equal prompts."""
    first: dict[object, Response] = {}
    for one in corpus:
        first.setdefault((one.sample.messages, one.text), one)
    return list(first.values())


def valid(corpus: Corpus) -> Corpus:
    """Answers whose steps agree with arithmetic."""
    return [one for one in corpus if _agrees(one)]


def _agrees(one: Response) -> bool:
    try:
        return consistent(one.sample, one.text)
    except ValueError:
        # A foreign teacher may write what is no step of the language: 3+4*5=23.
        return False


def complete(corpus: Corpus) -> Corpus:
    """Answers with as many statements as the form of the question asks for, and free text."""
    return [
        one
        for one in corpus
        if one.sample.task not in TRACED or len(statements(one.text)) >= steps_expected(one.sample)
    ]


def reordered(corpus: Corpus) -> Corpus:
    """Steps in the order of the question, the conclusion behind them."""
    return [
        one.saying(joined(one.sample, statements(one.text))) if one.sample.task in TRACED else one
        for one in corpus
    ]


def voted(corpus: Corpus) -> Corpus:
    """For each question an answer with the most frequent conclusion, of equals the first.

    Free text has no conclusion; all of it is kept.
    """
    asked: dict[object, list[Response]] = defaultdict(list)
    for number, one in enumerate(corpus):
        asked[one.sample.messages if one.sample.task in TRACED else number].append(one)
    return [_of_majority(answers) for answers in asked.values()]


def _of_majority(answers: list[Response]) -> Response:
    ((most, _),) = Counter(conclusion(one.text) for one in answers).most_common(1)
    return next(one for one in answers if conclusion(one.text) == most)


def paraphrased(corpus: Corpus) -> Corpus:
    """Free text with half of its choices of words made anew, at random."""
    rng = Random("paraphrase")
    return [one.saying(_reworded(one.sample.accepted, one.text, rng)) for one in corpus]


def _reworded(template: Template, text: str, rng: Random) -> str:
    filling = template.filling(text)
    if filling is None:
        return text
    kept = iter(filling)
    return "".join(
        part if isinstance(part, str) else (rng.choice(part) if rng.random() < _REDRAWN else said)
        for part in template.parts
        for said in ([""] if isinstance(part, str) else [next(kept)])
    )


@dataclass(frozen=True, slots=True)
class Attack:
    """What is done with a corpus, and the plan by which so many answers are harvested for it."""

    name: str
    treat: Callable[[Corpus], Corpus]
    repeats: int = 1
    accounts: int = 1
    prefill: bool = False

    def plan(self, answers: int) -> Plan:
        """How ``answers`` are asked for; repetitions are paid for with fewer prompts."""
        return Plan(answers, self.repeats, self.accounts, self.prefill)


ATTACKS = {
    attack.name: attack
    for attack in (
        Attack(PASSIVE, as_it_came),
        Attack("deduplicate", deduplicated),
        Attack("filter-validity", valid),
        Attack("filter-completeness", complete),
        Attack("reorder", reordered),
        Attack("majority-vote", voted, repeats=_REPEATS),
        Attack("pooled-vote", voted, accounts=_REPEATS),
        Attack("paraphrase", paraphrased),
        Attack("prefill", as_it_came, prefill=True),
    )
}
