"""What a chat completion of the OpenAI dialect says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drs_reference.json_text import Members

__all__ = ["Answer", "Token", "answers_of"]


@dataclass(frozen=True, slots=True)
class Token:
    """A token, its natural-log probability, and (text, log-probability) of the alternatives."""

    text: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``refusal`` stands in place of a text. ``tokens`` where they were asked for."""

    text: str
    finish: str
    tokens: tuple[Token, ...] = ()
    refusal: str = ""


def answers_of(completion: Mapping[str, Any], logprobs: bool) -> list[Answer]:
    """The answers of a completion, in its order. Raises ``BodyError``."""
    members = Members(completion)
    found = [_answer(choice, logprobs) for choice in members.items("choices")]
    if not found:
        raise members.wrong("choices", "an array of at least one choice")
    return found


def _answer(choice: Members, logprobs: bool) -> Answer:
    finish, message = choice.required("finish_reason"), choice.inner("message")
    refusal = message.text("refusal")
    if refusal:
        return Answer("", finish, refusal=refusal)
    text = message.text("content")
    if text is None:
        raise message.wrong("content", "a string")
    if not logprobs:
        return Answer(text, finish)
    told = choice.inner("logprobs")
    if told.array("content") is None:
        raise told.wrong("content", "an array, since log-probabilities were asked for")
    return Answer(text, finish, tuple(_token(token) for token in told.items("content")))


def _token(token: Members) -> Token:
    return Token(*_scored(token), tuple(_scored(other) for other in token.items("top_logprobs")))


def _scored(token: Members) -> tuple[str, float]:
    text, logprob = token.text("token"), token.number("logprob", -math.inf, math.inf, math.nan)
    if text is None:
        raise token.wrong("token", "a string")
    if math.isnan(logprob):
        raise token.wrong("logprob", "a number")
    return text, logprob
