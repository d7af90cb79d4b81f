"""What a vote over repetitions wins at temperature 0 (PRT-07)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from drs_reference.efficacy.conditions import suspected
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Model, Sampling
from drs_reference.model import LanguageModel
from drs_reference.model.language import draw_sample
from drs_reference.perturbation.base import Applied

from perturbed.mechanisms import BEST_OF_N, COVERT, KEY, answer
from perturbed.remembered import Remembered

__all__ = ["misses", "single_and_voted"]

REPETITIONS = 9
ACCOUNTS = 3
COLD = Sampling(temperature=0, max_tokens=64)


def single_and_voted(numbers: Sequence[int]) -> dict[str, tuple[float, int]]:
    """Of each covert mechanism: in how many prompts the clean answer came, singly and by majority.

    Nine requests for each prompt, by three accounts of one cluster. Single answers count as ninths.
    """
    model = Remembered(LanguageModel.load())
    every = {name: kind(KEY, cluster_of=lambda account: "c") for name, kind in COVERT.items()}
    found = dict.fromkeys(every, (0.0, 0))
    for number in numbers:
        messages = draw_sample(Random(f"vote {number}")).messages
        clean = answer(model, messages, Applied(COLD)).text
        request = ChatRequest("", messages, COLD)
        for name, mechanism in every.items():
            texts = [
                _answered(model, mechanism, f"a-{number % ACCOUNTS}", request)
                for number in range(REPETITIONS)
            ]
            single, voted = found[name]
            ((most, _),) = Counter(texts).most_common(1)
            found[name] = single + texts.count(clean) / REPETITIONS, voted + (most == clean)
    return found


def _answered(model: Model, mechanism: Any, name: str, request: ChatRequest) -> str:
    account = suspected(name)
    if mechanism.mechanism == BEST_OF_N:
        plain = Applied(request.sampling)
        text: str = mechanism.answer(
            account, request, lambda: answer(model, request.messages, plain).text
        )
        return text
    return answer(model, request.messages, mechanism.applied(account, request)).text


def misses(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the mechanisms of which a vote wins anything."""
    for one in rows:
        if one["voted"] > one["single"] + 1e-9:
            yield f"{one['mechanism']}: a vote finds {one['voted']:.4f}, one {one['single']:.4f}"
