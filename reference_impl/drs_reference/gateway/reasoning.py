"""Answers whose steps are withheld: the caller sees what follows them, the auditor reads them."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from drs_reference.gateway.auditors_only import AuditorsOnly
from drs_reference.gateway.sampling import Choice, Chosen, Decoding, Generation
from drs_reference.standard import VERSION

__all__ = ["ReasonedGeneration", "ReasoningHook"]

CONCLUSION = " The answer is"
"""How the model ends its steps."""
_STEP = re.compile(r"\b(?:Ones|Tens):|\d[-+*]\d+=|[a-z]->[a-z]")
_THOUGHT_MAX = 128
"""Tokens after which the model is made to conclude."""
_KEPT_MAX = 1024
_KEPT_FOR = timedelta(minutes=15)


class ReasonedChoice(Choice):
    """Thinks first; what is shown begins with the conclusion, or is all there is without steps.

    Nothing is shown before it is known what the steps are, streamed or not.
    """

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
        while len(thought) < _THOUGHT_MAX:
            token = self._generate()
            if token is None:
                break
            thought.append(token)
            text += token.text
            if text.endswith(CONCLUSION):
                said, left = 0, len(thought)
                while said < len(CONCLUSION):
                    left -= 1
                    said += len(thought[left].text)
                self.withheld = thought[:left]
                return [*thought[left:]]
        if _STEP.search(text):
            self.withheld = thought
            return [self._generate(token) for token in self._model.tokenizer.encode(CONCLUSION)]
        return [*thought, None] if len(thought) < _THOUGHT_MAX else [*thought]


class ReasonedGeneration(Generation):
    """A generation whose steps are counted and kept, and not shown."""

    kind = ReasonedChoice

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._made: list[ReasonedChoice] = []

    @property
    def withheld_tokens(self) -> list[Sequence[Chosen]]:
        """The tokens of the steps of each choice."""
        return [choice.withheld for choice in self._made]

    @property
    def withheld(self) -> list[str]:
        """The steps of each choice; an empty text where there were none."""
        return ["".join(token.text for token in tokens) for tokens in self.withheld_tokens]

    @property
    def reasoning_tokens(self) -> int:
        """Tokens of the steps of all choices."""
        return sum(map(len, self.withheld_tokens))

    def _choice(self, index: int, decoding: Decoding) -> Choice:
        choice = super()._choice(index, decoding)
        assert isinstance(choice, ReasonedChoice)
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
