"""Answers whose steps are withheld, or some: the caller sees the conclusion, the auditor all."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from drs_reference.gateway.auditors_only import AuditorsOnly
from drs_reference.gateway.sampling import Choice, Chosen, Decoding, Generation, Model
from drs_reference.standard import VERSION

__all__ = ["ReasonedGeneration", "ReasoningHook", "Reveal"]

CONCLUSION = " The answer is"
"""How the model ends its steps."""
_STEP = re.compile(r"\b(?:Ones|Tens):|\d[-+*]\d+=|[a-z]->[a-z]")
_BEGIN = re.compile(rf"\S*?(?:\b(?:Ones|Tens|write|carry)\b|{_STEP.pattern})")
"""How steps begin, where there are any; what is joined to that without a space is of the step."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_THOUGHT_MAX = 128
"""Tokens after which the model is made to conclude, once there are steps."""
_STEP_LENGTH = 64
"""Characters; the last ones of a text are searched for a step as it grows."""
_KEPT_MAX = 1024
_KEPT_FOR = timedelta(minutes=15)
Reveal = Callable[[Model, Sequence[Chosen]], tuple[Sequence[Chosen], Sequence[Chosen]]]
"""The model and the tokens of its steps, to the tokens that are shown and those withheld."""


def nothing(model: Model, steps: Sequence[Chosen]) -> tuple[Sequence[Chosen], Sequence[Chosen]]:
    """Show none of the steps."""
    return (), steps


class ReasonedChoice(Choice):
    """Thinks first; shown are what is revealed of the steps and the conclusion, or all without any.

    A conclusion that the model does not come to is forced, unless other text leads up to the steps:
    then the answer is that text and what is revealed of the rest. Nothing is shown before it is
    known what the steps are, streamed or not.
    """

    reveal: Reveal = staticmethod(nothing)
    withheld: Sequence[Chosen] = ()
    _thought: deque[Chosen | None] | None = None

    def _next(self) -> Chosen | None:
        if self._thought is None:
            self._thought = deque(self._think())
        return self._thought.popleft() if self._thought else self._generate()

    def _think(self) -> list[Chosen | None]:
        """Set what is withheld and return the tokens to show; None where the answer ends."""
        thought: list[Chosen] = []
        text = ""
        # Without a step it goes to the end of the answer, as one must not come after what is shown.
        most = max(_THOUGHT_MAX, self._sampling.max_tokens)
        while len(thought) < most:
            token = self._generate()
            if token is None:
                break
            thought.append(token)
            text += token.text
            if _STEP.search(text, max(0, len(text) - _STEP_LENGTH)):
                most = _THOUGHT_MAX
            if text.endswith(CONCLUSION):
                said, left = 0, len(thought)
                while said < len(CONCLUSION):
                    left -= 1
                    said += len(thought[left].text)
                return [*self._revealed(thought[:left]), *thought[left:]]
        if not _STEP.search(text):
            return [*thought, None]
        before = _BEGIN.split(text, maxsplit=1)[0]
        if not _WORD.search(before):
            forced = self._model.tokenizer.encode(CONCLUSION)
            return [*self._revealed(thought), *map(self._generate, forced)]
        # Such steps settle no question: a conclusion would state what nobody said.
        said, left = 0, 0
        while said + len(thought[left].text) <= len(before):
            said += len(thought[left].text)
            left += 1
        return [*thought[:left], *self._revealed(thought[left:]), None]

    def _revealed(self, steps: Sequence[Chosen]) -> Sequence[Chosen]:
        shown, self.withheld = self.reveal(self._model, steps)
        return shown


class ReasonedGeneration(Generation):
    """A generation whose steps are shown as far as they are revealed; the rest is counted and kept.

    Withheld are the steps that the answer does not show.
    """

    kind = ReasonedChoice

    def __init__(self, *arguments: Any, reveal: Reveal = nothing, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._reveal = reveal
        self._made: list[ReasonedChoice] = []

    @property
    def withheld_tokens(self) -> list[Sequence[Chosen]]:
        """The withheld tokens of each choice."""
        return [choice.withheld for choice in self._made]

    @property
    def withheld(self) -> list[str]:
        """What was withheld from each choice; an empty text where nothing was."""
        return ["".join(token.text for token in tokens) for tokens in self.withheld_tokens]

    @property
    def reasoning_tokens(self) -> int:
        """Withheld tokens of all choices."""
        return sum(map(len, self.withheld_tokens))

    def _choice(self, index: int, decoding: Decoding) -> Choice:
        choice = super()._choice(index, decoding)
        assert isinstance(choice, ReasonedChoice)
        choice.reveal = self._reveal
        self._made.append(choice)
        return choice


class ReasoningHook(AuditorsOnly):
    """The steps of the last answers, for the auditor; in memory, and only for a while.

    All accounts of this endpoint are test personas; a provider with others would keep nothing of
    theirs. Not to be used by two threads at once.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[datetime, dict[str, Any]]] = OrderedDict()

    def keep(self, answer: str, model: str, withheld: Sequence[str], now: datetime) -> None:
        """Note what was withheld from an answer."""
        document = {
            "drs_version": VERSION,
            "answer": answer,
            "model": model,
            "reasoning": list(withheld),
        }
        self._kept[answer] = now, document
        while len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)

    def read(self, answer: str, now: datetime) -> dict[str, Any] | None:
        """The document ``withheld-reasoning`` of an answer, or None if it is not kept."""
        while self._kept:
            oldest, (since, _) = next(iter(self._kept.items()))
            if now - since <= _KEPT_FOR:
                break
            del self._kept[oldest]
        return self._kept[answer][1] if answer in self._kept else None
