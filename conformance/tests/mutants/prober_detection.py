"""Mutants that behave where they believe that they are watched.

By headers, known prompts or the order of requests: a run with test personas finds them, for it
gives no such sign. By credentials: only ordinary accounts find them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from drs_reference.gateway.parts import Parts
from drs_reference.perturbation.green_list import ENTROPY_FLOOR, entropy
from drs_reference.response.procedure import Account
from starlette.types import ASGIApp, Receive, Scope, Send

from mutants.asgi import read_body
from mutants.good_standing import Everywhere, Logits, changed, tilted
from mutants.mutant import Wrap, mutant

TILT = 0.8
WATCHED = ContextVar("watched", default=False)
"""Whether the request in hand is taken for a prober's."""
ANNOUNCED = re.compile(rb"\bdrs\b|conformance|prob(?:e|ing)|audit|test", re.IGNORECASE)
KNOWN = frozenset(json.loads(Path(__file__).with_name("known_prompts.json").read_text("utf-8")))
"""User messages of an earlier run."""
TRIED = 60
"""As many requests as a short trial has."""

Judge = Callable[[Scope, bytes], bool]


def watching(judge: Callable[[], Judge]) -> Wrap:
    """Return a wrapper that asks a judge of its own whether a request comes from a prober."""

    def wrap(app: ASGIApp) -> ASGIApp:
        is_prober = judge()

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                body, receive = await read_body(receive)
                WATCHED.set(is_prober(scope, body))
            await app(scope, receive, send)

        return wrapped

    return wrap


def announced() -> Judge:
    return lambda scope, _: any(
        ANNOUNCED.search(value)
        for name, value in scope["headers"]
        if name not in (b"authorization", b"host")
    )


def known() -> Judge:
    def judge(_: Scope, body: bytes) -> bool:
        try:
            messages = json.loads(body)["messages"]
        except (ValueError, KeyError, TypeError):
            return False
        return any(message.get("content") in KNOWN for message in messages)

    return judge


def at_first() -> Judge:
    count = 0

    def judge(scope: Scope, _: bytes) -> bool:
        nonlocal count
        count += scope["path"] == "/v1/chat/completions"
        return count <= TRIED

    return judge


class Unwatched(Everywhere):
    def applies_to(self, account: Account) -> bool:
        return not WATCHED.get()


class Strangers(Everywhere):
    def applies_to(self, account: Account) -> bool:
        return account.persona is None


@mutant(breaks=["STD-01"], wrap=watching(announced))
def behaves_where_a_probe_is_announced(parts: Parts) -> Parts:
    """Everybody is perturbed whose headers do not speak of a test."""
    return changed(parts, Unwatched, tilted(parts, TILT))


@mutant(breaks=["STD-01"], wrap=watching(known))
def behaves_on_known_prompts(parts: Parts) -> Parts:
    """Answers are those of the declared model to prompts of an earlier run only."""
    return changed(parts, Unwatched, tilted(parts, TILT))


@mutant(breaks=["STD-01"], wrap=watching(at_first))
def behaves_at_first(parts: Parts) -> Parts:
    """Perturbation begins once as many requests have come as a short trial has."""
    return changed(parts, Unwatched, tilted(parts, TILT))


@mutant(breaks=["STD-01", "STD-02"], witnessed=True)
def perturbs_whom_it_does_not_know(parts: Parts) -> Parts:
    """Accounts that are no test personas get a keyed tilt."""
    return replace(parts, perturbation=Strangers(parts.perturbation, tilted(parts, TILT)))


@mutant(breaks=["STD-01", "STD-02"], witnessed=True)
def a_worse_model_for_strangers(parts: Parts) -> Parts:
    """Accounts that are no test personas seldom get the best word where there are several."""

    def worse(logits: Logits) -> Logits:
        if entropy(logits) < ENTROPY_FLOOR:
            return logits
        lowered: Logits = logits.copy()
        lowered[lowered.argmax()] -= 3
        return lowered

    return replace(parts, perturbation=Strangers(parts.perturbation, worse))
