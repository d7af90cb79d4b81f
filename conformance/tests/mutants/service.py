"""Mutants of the chapter Good standing: what answers are worth and how long they take."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.declaration import DeclarationBuilder
from drs_reference.gateway.dialects.openai_chat import Round
from drs_reference.gateway.limiter import Limiter, Quota
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.sampling import Generating
from drs_reference.response.procedure import Account

from mutants.edited_answers import EditedAnswers
from mutants.mutant import mutant

Message = dict[str, Any]
DELAY_S = 0.12


def chance(request: ChatRequest) -> float:
    """Return a number from 0 to 1 that is the same whenever the same is asked."""
    digest = hashlib.sha256(f"mutant {request.messages}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def editing(parts: Parts, share: float, edit: Callable[[Message], None]) -> Parts:
    """Edit the messages of whole answers to a share of all requests, for every account."""

    class Dialect(EditedAnswers):
        def edit(
            self,
            document: dict[str, Any],
            request: ChatRequest,
            generation: Generating,
            shown: Round,
        ) -> None:
            if chance(request) < share:
                for choice in document["choices"]:
                    edit(choice["message"])

    return replace(parts, dialect=Dialect(parts.dialect.tokens, parts.dialect.models))


def one_more(match: re.Match[str]) -> str:
    return str(int(match[0]) + 1)


@mutant(breaks=["STD-04", "STD-06"], strengths={"weak": 0.05, "middle": 0.15, "strong": 0.9})
def last_numbers_are_off_by_one(parts: Parts, share: float) -> Parts:
    """The last number of an answer in prose or code is one too great, for everybody."""

    def edit(message: Message) -> None:
        content = message["content"] or ""
        if not content.startswith("{"):
            message["content"] = re.sub(r"\d+(?=\D*$)", one_more, content)

    return editing(parts, share, edit)


@mutant(breaks=["STD-04"], strengths={"weak": 0.15, "middle": 0.4, "strong": 0.95})
def values_are_off_by_one(parts: Parts, share: float) -> Parts:
    """Numbers in JSON and in the arguments of calls are one too great, for everybody."""

    def edit(message: Message) -> None:
        for call in message.get("tool_calls", ()):
            function = call["function"]
            function["arguments"] = re.sub(r"\d+", one_more, function["arguments"])
        if (message["content"] or "").startswith("{"):
            message["content"] = re.sub(r"\d+", one_more, message["content"])

    return editing(parts, share, edit)


@mutant(breaks=["STD-05"], strengths={"weak": 0.04, "middle": 0.12, "strong": 0.9})
def forms_grow_a_member(parts: Parts, share: float) -> Parts:
    """JSON answers and arguments of calls get a member that the schema does not allow."""

    def grown(text: str) -> str:
        return re.sub(r"}$", ', "served_by": "edge-7"}', text)

    def edit(message: Message) -> None:
        for call in message.get("tool_calls", ()):
            call["function"]["arguments"] = grown(call["function"]["arguments"])
        if (message["content"] or "").startswith("{"):
            message["content"] = grown(message["content"])

    return editing(parts, share, edit)


class Dawdling(Limiter):
    """Lets a share of requests wait, of the accounts that ``concerns`` is true of."""

    def __init__(self, share: float, concerns: Callable[[Account], bool]) -> None:
        super().__init__()
        self.share = share
        self.concerns = concerns

    def take(self, account: Account, now: datetime) -> Quota:
        if self.concerns(account) and random.random() < self.share:
            time.sleep(DELAY_S)
        return super().take(account, now)


@mutant(breaks=["STD-07"], strengths={"weak": 0.15, "middle": 0.4, "strong": 1.0})
def suspects_wait(parts: Parts, share: float) -> Parts:
    """Accounts under observation are slowed down, and nobody tells them."""
    limiter = Dawdling(share, lambda account: account.position.state == "observed")
    return replace(parts, limiter=limiter)


@mutant(breaks=["STD-07"], strengths={"weak": 0.06, "middle": 0.2, "strong": 0.7})
def everybody_waits(parts: Parts, share: float) -> Parts:
    """Answers take longer than declared, for everybody alike."""
    original = parts.declaration
    terms = replace(original.terms, first_token_p99_ms=1000 * DELAY_S)
    builder = DeclarationBuilder(terms, original.signer, original.issuer, original.mechanisms)
    return replace(
        parts, declaration=builder, limiter=Dawdling(share, lambda account: bool(account.persona))
    )
