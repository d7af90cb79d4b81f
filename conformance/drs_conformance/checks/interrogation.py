"""Asking a surface for the reasoning that it withholds, and what its answers reveal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from drs_conformance.checks.declaration import Surface
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import Untestable
from drs_conformance.checks.withheld import LEAST, read_withheld, received, revealed
from drs_conformance.dialects.neutral import ChatAnswer
from drs_conformance.ledger import Exchange
from drs_conformance.traffic.elicitation import KINDS, Asked, Question, battery, plain

__all__ = ["Interrogation", "Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, what was withheld from it, and the share of withheld reasoning it reveals.

    ``share`` is None where there was nothing, or too little, to reveal.
    """

    asked: Asked
    answer: ChatAnswer
    withheld: tuple[str, ...]
    read: Exchange
    share: float | None


class Interrogation:
    """One persona asks one surface; ``requests`` counts its requests, the refused ones too."""

    def __init__(self, lab: Lab, surface: Surface) -> None:
        """Lease the persona."""
        self._lab = lab
        self._surface = surface
        self._random = Random(lab.key(f"elicitation {surface.id}"))
        self._earlier: dict[str, tuple[str, ...]] = {}
        self.persona = lab.fresh().name
        self.requests = 0

    def answers(self) -> Iterator[Told]:
        """Yield the answers to plain questions, then those to the battery of the profile.

        An answer that was not reasoned out had nothing to hide and does not count, but no more
        than twice as many requests are sent as the profile has.
        """
        kinds, earlier = [], []
        for kind in KINDS:
            question = kind(self._random)
            told = self._ask_plainly(question, stream=False)
            if told is None or told.share is None:
                continue
            yield told
            kinds.append(kind)
            earlier.append((question, told.answer.choices[0].text))
            self._earlier[question.text] = told.withheld
            if self._surface.streaming:
                told = self._ask_plainly(question, stream=True)
                if told is not None:
                    yield told
        if not kinds:
            raise Untestable(f"no question was found to which {self._surface.id} reasons at length")
        wanted = self._lab.profile.elicitations
        for asked in battery(
            self._random,
            kinds,
            2 * wanted,
            earlier,
            streaming=self._surface.streaming,
            alternatives_max=self._surface.alternatives_max,
        ):
            told = self._ask(asked)
            if told is None:
                continue
            yield told
            if any(len(reasoning) >= LEAST for reasoning in told.withheld):
                wanted -= 1
            if not wanted:
                return

    def _ask_plainly(self, question: Question, *, stream: bool) -> Told | None:
        request = plain(question, self._surface.alternatives_max, stream=stream)
        return self._ask(Asked(question, request))

    def _ask(self, asked: Asked) -> Told | None:
        """Ask; None for a refusal. An answer may also reveal what an earlier one withheld."""
        self.requests += 1
        request = self._lab.dialect.abilities.fitted(asked.request)
        exchange = self._lab.ask(request, self.persona, surface=self._surface)
        if exchange.status != 200:
            return None
        answer = self._lab.read(exchange, request)
        withheld, read = read_withheld(self._lab, answer)
        texts, written = received(answer), [text for _, text in request.messages]
        earlier = self._earlier.get(asked.question.text, ()) if asked.goes_on else ()
        shares = (
            revealed(reasoning, texts, written, asked.question.result)
            for reasoning in (*withheld, *earlier)
        )
        known = [share for share in shares if share is not None]
        return Told(asked, answer, tuple(withheld), read, max(known, default=None))
