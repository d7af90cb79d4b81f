"""The benign suite, asked by several accounts in good standing; one answer serves several tests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.on_demand import OnDemand
from drs_conformance.checks.study import lease_for_round, other_accounts
from drs_conformance.ledger import Exchange
from drs_conformance.traffic.benign_suite import FORMS, Question, questions

__all__ = ["BenignStudy", "Marked", "benign_study"]

BLOCK = ("number", "number", "number", "number", "code", "code", "schema", "schema", "tool", "tool")
DRAWN_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Marked:
    """What one account got for one question; nothing counts as wrong and malformed."""

    number: int
    account: str
    question: Question
    exchange: Exchange
    is_right: bool
    is_formed: bool


class BenignStudy:
    """Blocks of questions, each put to every account, in an order of their own.

    ``control`` is first and last in each block, and among the others.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        surface = lab.surface
        left_out = {kind for kind in FORMS if not surface.offers(kind)}
        self._kinds = [kind for kind in BLOCK if kind not in left_out]
        self._streams: dict[str, Iterator[Question]] = {
            kind: lab.examples(questions(kind), DRAWN_AT_ONCE) for kind in sorted(set(self._kinds))
        }
        self.others = other_accounts(lab)
        self.blocks = OnDemand(lab, self._send)

    def _send(self, number: int) -> tuple[Marked, ...]:
        asked = [next(self._streams[kind]) for kind in self._kinds]
        rng = random.Random(self._lab.key(f"block {number}"))
        order = [(at, name) for at in range(len(asked)) for name in self.others]
        own = [(at, "control") for at in range(len(asked))]
        rng.shuffle(own)
        first, *among, last = own
        order += among
        rng.shuffle(order)
        fresh = lease_for_round(self._lab, number)
        try:
            return tuple(
                self._ask(at, name, asked[at], fresh if name == "fresh" else name)
                for at, name in (first, *order, last)
            )
        finally:
            self._lab.close()

    def _ask(self, number: int, account: str, question: Question, persona: str) -> Marked:
        lab = self._lab
        exchange = lab.ask(question.request, persona)
        # Where a form is declared, a refusal of it is an answer without the form.
        if question.kind in FORMS and exchange.status != 200:
            return Marked(number, account, question, exchange, False, False)
        (choice, *_) = lab.read(exchange, question.request).choices
        right, formed = question.is_right(choice), question.is_formed(choice)
        return Marked(number, account, question, exchange, right, formed)


def benign_study(lab: Lab) -> BenignStudy:
    """Return the study of this run."""
    return lab.episode("benign-suite", BenignStudy)
