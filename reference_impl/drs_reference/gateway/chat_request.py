"""A chat request in the terms of the endpoint, whatever the dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drs_reference.gateway.sampling import Sampling
from drs_reference.gateway.structured_output import Form

__all__ = ["STOPS_MAX", "TOKENS_DEFAULT", "TOKENS_MAX", "ChatRequest", "called"]

TOKENS_DEFAULT = 1024
TOKENS_MAX = 4096
"""Most tokens of one choice."""
STOPS_MAX = 4


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked: (role, text) messages, how to sample, what to return.

    ``echoed`` are members that the dialect repeats in its answers, ``surface`` the one asked at.
    """

    model: str
    messages: tuple[tuple[str, str], ...]
    sampling: Sampling
    choices: int = 1
    logprobs: bool = False
    top_logprobs: int = 0
    stream: bool = False
    include_usage: bool = False
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    form: Form | None = None
    echoed: Mapping[str, Any] = field(default_factory=dict)
    surface: str = ""

    @property
    def question(self) -> str:
        """The last message of the user, or nothing."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")


def called(name: str, arguments: str) -> tuple[str, str]:
    """The message of an earlier tool call, as the model wrote it; ``arguments`` is JSON text."""
    return "assistant", f'{{"name": {json.dumps(name)}, "arguments": {arguments}}}'
