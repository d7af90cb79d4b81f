"""Requests and answers as checks see them, whatever the dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drs_conformance.ledger import Exchange

__all__ = [
    "ChatAnswer",
    "ChatRequest",
    "Choice",
    "MalformedAnswer",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "Usage",
]


class MalformedAnswer(Exception):
    """An answer is not one of its dialect.

    `pointer` is a JSON Pointer into the body; for a stream the first part of it is the number of
    the event, from 0.
    """

    def __init__(self, reason: str, pointer: str = "") -> None:
        super().__init__(f"{pointer}: {reason}" if pointer else reason)
        self.reason = reason
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat request. None leaves a parameter out.

    `messages` are pairs (role, text). `max_tokens` bounds each choice, in tokens. `schema` is a
    JSON Schema that the text of the answer has to follow. Where there are `tools` the model has to
    call one of them. `extra` are members put into the body as they are, over those of the same
    name.
    """

    messages: tuple[tuple[str, str], ...]
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    n: int | None = None
    logprobs: bool = False
    top_logprobs: int | None = None
    logit_bias: Mapping[int, float] | Mapping[str, float] | None = None
    stop: tuple[str, ...] = ()
    stream: bool = False
    user: str | None = None
    schema: Mapping[str, Any] | None = None
    tools: tuple[Tool, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of an answer with its log-probability in nats, and the alternatives at its place."""

    token: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for; `arguments` is JSON text as it came."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to a request. `tokens` is empty when no log-probabilities came.

    `finish_reason` is `stop`, `length`, `tool_calls` or `content_filter` where the dialect has a
    word for it, else the dialect's own word. `refusal` is the text, or the reason, with which the
    model or a filter declines, where the dialect sets that apart.
    """

    index: int
    text: str
    finish_reason: str | None
    tokens: tuple[TokenLogprob, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the provider says it billed."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """An answer with at least one choice, in the order of their indices.

    `raw` is the parsed body: an object, or for a stream the list of its events. `id` is the name
    that the provider gave the answer, `model` the one it gave the model; empty where it gave none.
    """

    exchange: Exchange
    model: str
    choices: tuple[Choice, ...]
    usage: Usage | None
    raw: object
    id: str
