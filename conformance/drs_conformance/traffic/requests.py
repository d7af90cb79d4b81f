"""Hypothesis strategies over chat requests, and how a run draws from them.

Hypothesis generates; it never drives a live target. A run draws all examples of a property before
the first of them is sent, from the run's seed, so that a second execution for confirmation, a
shrink or a stored example can not turn into traffic (see ``docs/rationale``).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from drs_conformance.dialects.neutral import ChatRequest
from drs_conformance.interruption import uninterrupted
from drs_conformance.traffic.odd_text import odd_texts
from drs_conformance.traffic.prompts import prompts
from drs_conformance.traffic.seed_only import BACKEND

__all__ = ["chat_requests", "draw"]

Example = TypeVar("Example")

# Hypothesis leans towards small examples at first; drawing more than is needed and taking a
# seeded sample of them evens that out.
_OVERDRAW = 4
_ANSWERS = ("Yes.", "I am not sure. What else?", "Here it is:\n1. a\n2. b")


def chat_requests(
    *, alternatives_max: int, choices_max: int, streaming: bool, tokens_max: int = 6
) -> st.SearchStrategy[ChatRequest]:
    """Return a strategy over well-formed requests within the declared bounds of a surface."""
    everyday = prompts()
    odd = st.builds("{} {}".format, everyday, odd_texts(20))
    turns = st.tuples(everyday, st.sampled_from(_ANSWERS))
    return st.builds(
        _request,
        prompt=st.one_of(everyday, everyday, odd),
        earlier=st.one_of(st.just([]), st.just([]), st.lists(turns, min_size=1, max_size=2)),
        system=st.sampled_from((None, None, "You are a concise assistant.")),
        max_tokens=st.integers(1, tokens_max),
        temperature=st.sampled_from((None, 0.0, 0.3, 0.7, 1.0, 1.3)),
        top_p=st.sampled_from((None, None, 0.5, 0.9, 1.0)),
        seed=st.one_of(st.none(), st.integers(0, 2**31 - 1)),
        n=st.one_of(st.none(), st.integers(1, min(choices_max, 4))),
        alternatives=st.integers(0, alternatives_max),
        logprobs=st.just(alternatives_max > 0),
        stop=st.sampled_from(((), (), (), (".",), ("\n\n", "?"))),
        user=st.sampled_from((None, None, "u-1", "customer 42")),
        stream=st.booleans() if streaming else st.just(False),
    )


def _request(
    *,
    prompt: str,
    earlier: Sequence[tuple[str, str]],
    system: str | None,
    max_tokens: int,
    temperature: float | None,
    top_p: float | None,
    seed: int | None,
    n: int | None,
    alternatives: int,
    logprobs: bool,
    stop: tuple[str, ...],
    user: str | None,
    stream: bool,
) -> ChatRequest:
    turns = [pair for asked, said in earlier for pair in (("user", asked), ("assistant", said))]
    opening = [("system", system)] if system else []
    return ChatRequest(
        messages=(*opening, *turns, ("user", prompt)),
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        seed=seed,
        n=n,
        logprobs=logprobs,
        top_logprobs=alternatives if logprobs else None,
        stop=stop,
        user=user,
        stream=stream,
    )


def draw(strategy: st.SearchStrategy[Example], count: int, key: int) -> list[Example]:
    """Draw up to ``count`` examples of ``strategy``, always the same for the same ``key``.

    Ctrl-C waits for the end of it: Hypothesis makes an assertion of its own out of an interrupt
    that comes while it sets itself up.
    """
    drawn: list[Example] = []

    @seed(key)
    @settings(
        max_examples=count * _OVERDRAW,
        database=None,
        backend=BACKEND,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Example) -> None:
        drawn.append(example)

    with uninterrupted():
        collect()
    chooser = random.Random(key)
    return chooser.sample(drawn, min(count, len(drawn)))
