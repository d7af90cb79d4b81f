"""Steps of the reasoning are left out of every answer; the conclusion stays.

Which ones is a keyed function of the steps that the model takes at temperature zero: of the
problem, not of its wording, the account, the seed or the number of tries. A step that is left out
of that trace is left out wherever the problem is asked, so repeating it, asking in other words and
pooling the answers of several accounts do not bring it back, and no filter finds a complete answer.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.reasoning import ReasonedGeneration
from drs_reference.gateway.sampling import Chosen, Model, Sampling
from drs_reference.perturbation.base import Applied, Overt
from drs_reference.perturbation.trace import steps, text_of

__all__ = ["Parameters", "StepElision", "left_out"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """``share`` of the steps, above 0 and at most 1, is left out of each answer."""

    share: float
    applies_to: Literal["every-response"]


def left_out(
    key: bytes, share: float, taken: Sequence[str], usual: Sequence[str]
) -> frozenset[int]:
    """Which of the steps ``taken`` are left out: a ``share`` at least, and at least one.

    All that are left out of the ``usual`` ones are among them.
    """

    def place(text: str) -> bytes:
        return hmac.digest(key, text.encode(), hashlib.sha256)

    def number(of: Sequence[str]) -> int:
        # 0.7 * 10 is a little more than 7.
        return math.ceil(share * len(of) - 1e-9)

    hidden = set(sorted(usual, key=place)[: number(usual)])
    chosen = [i for i, text in enumerate(taken) if text in hidden]
    others = sorted(set(range(len(taken))) - set(chosen), key=lambda i: place(taken[i]))
    return frozenset(chosen + others[: max(0, number(taken) - len(chosen))])


class StepElision(Overt):
    """The mechanism with its secret key of at least 16 bytes."""

    mechanism = "step-elision"
    withholds_from = "steps"

    def __init__(self, parameters: Parameters, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError(f"the key of step elision must have 16 bytes or more, not {len(key)}")
        self.parameters = parameters
        self._key = key

    def to(self, request: ChatRequest) -> Applied:
        """Some steps are shown."""
        reveal = partial(self._reveal, request.messages)
        return Applied(request.sampling, kind=partial(ReasonedGeneration, reveal=reveal))

    def _reveal(
        self, messages: Sequence[tuple[str, str]], model: Model, trace: Sequence[Chosen]
    ) -> tuple[list[Chosen], list[Chosen]]:
        usual = ReasonedGeneration(model, messages, Sampling(temperature=0, max_tokens=1))
        for _ in usual.emissions():
            pass
        taken, (usual_trace,) = steps(trace), usual.withheld_tokens
        hidden = left_out(
            self._key, self.parameters.share, _plain(taken), _plain(steps(usual_trace))
        )
        shown: list[Chosen] = []
        withheld: list[Chosen] = []
        for number, step in enumerate(taken):
            (withheld if number in hidden else shown).extend(step)
        return shown, withheld


def _plain(found: Sequence[Sequence[Chosen]]) -> list[str]:
    return [text_of(step).strip(" ,.;\n") for step in found]
