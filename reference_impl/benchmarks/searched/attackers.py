"""Attackers of the search: whom they ask what, and what they do with the answers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from drs_reference.efficacy.attacks import ATTACKS, PASSIVE
from drs_reference.efficacy.corpus import Corpus, Response
from drs_reference.efficacy.tasks import TRACED, statements

from searched.forms import normalised

__all__ = ["ATTACKERS", "PASSIVE", "TWICE", "Ask", "Attacker", "beside_the_question"]

TWICE = "twice the harvest"
"""Not held to be as cheap as the others: it says whether more of the same brings the gain back."""
_PARTS = 3
"""Repetitions, accounts or clusters over which an attacker spreads."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: prompt ``number`` by an account of a cluster, which asks it once more."""

    number: int
    cluster: str = "known"
    account: int = 0
    visit: int = 0


@dataclass(frozen=True, slots=True)
class Attacker:
    """``asks`` gives the requests of a harvest of so many answers; ``treat`` makes a corpus."""

    name: str
    asks: Callable[[int], list[Ask]]
    treat: Callable[[Corpus], Corpus]


def _each(answers: int) -> list[Ask]:
    return [Ask(number) for number in range(answers)]


def _again(answers: int) -> list[Ask]:
    return [Ask(n, visit=again) for n in range(answers // _PARTS) for again in range(_PARTS)]


def _accounts(answers: int) -> list[Ask]:
    return [Ask(n, account=one) for n in range(answers // _PARTS) for one in range(_PARTS)]


def _strangers(answers: int) -> list[Ask]:
    """Accounts that nobody has linked divide the prompts."""
    return [Ask(number, f"stranger {number % _PARTS}") for number in range(answers)]


def _strangers_again(answers: int) -> list[Ask]:
    parts = range(_PARTS)
    return [Ask(n, f"stranger {one}") for n in range(answers // _PARTS) for one in parts]


def _twice(answers: int) -> list[Ask]:
    return _each(2 * answers)


def _plain(corpus: Corpus) -> Corpus:
    return [one.saying(normalised(one.sample, one.text)) for one in corpus]


def _fullest(corpus: Corpus) -> Corpus:
    """Of each question with steps the answer that states the most; all free text."""
    asked: dict[object, list[Response]] = defaultdict(list)
    for number, one in enumerate(corpus):
        asked[one.sample.messages if one.sample.task in TRACED else number].append(one)
    return [max(of, key=lambda one: len(statements(one.text))) for of in asked.values()]


ATTACKERS = {
    attacker.name: attacker
    for attacker in (
        Attacker(PASSIVE, _each, ATTACKS[PASSIVE].treat),
        Attacker("deduplicate", _each, ATTACKS["deduplicate"].treat),
        Attacker("filter-completeness", _each, ATTACKS["filter-completeness"].treat),
        Attacker("normalise", _each, _plain),
        Attacker("majority-vote", _again, ATTACKS["majority-vote"].treat),
        Attacker("pooled-vote", _accounts, ATTACKS["pooled-vote"].treat),
        Attacker("unlinked accounts", _strangers, ATTACKS[PASSIVE].treat),
        Attacker("unlinked, fullest", _strangers_again, _fullest),
        Attacker(TWICE, _twice, ATTACKS[PASSIVE].treat),
    )
}


def beside_the_question(one: Response) -> Response:
    """An answer as an observer sees it who has the question too.

    Each digit becomes the place where it first stands in the question, so that words and pairs of
    words tell in which order an answer takes up what was asked.
    """
    asked = re.sub(r"\D", "", one.sample.messages[-1][1])

    def place(digit: re.Match[str]) -> str:
        return f"q{asked.find(digit[0])} " if digit[0] in asked else "n "

    return one.saying(re.sub(r"\d", place, one.text))
