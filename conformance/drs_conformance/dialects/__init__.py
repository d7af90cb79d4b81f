"""How inference surfaces are spoken to, behind one neutral request and answer."""

from collections.abc import Mapping
from typing import Any

from drs_conformance.dialects.abilities import Abilities, Inexpressible
from drs_conformance.dialects.anthropic_messages import AnthropicMessages
from drs_conformance.dialects.described import Described
from drs_conformance.dialects.dialect import Dialect, filled
from drs_conformance.dialects.gemini_generate import GeminiGenerate
from drs_conformance.dialects.neutral import (
    ChatAnswer,
    ChatRequest,
    Choice,
    MalformedAnswer,
    TokenLogprob,
    Tool,
    ToolCall,
    Usage,
)
from drs_conformance.dialects.openai_chat import OpenAIChat
from drs_conformance.dialects.openai_responses import OpenAIResponses

__all__ = [
    "Abilities",
    "ChatAnswer",
    "ChatRequest",
    "Choice",
    "Dialect",
    "Inexpressible",
    "MalformedAnswer",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "UnknownDialect",
    "Usage",
    "dialect",
    "filled",
]

_DIALECTS: dict[str, Dialect] = {
    known.name: known
    for known in (OpenAIChat(), OpenAIResponses(), AnthropicMessages(), GeminiGenerate())
}


class UnknownDialect(Exception):
    """The suite does not speak a dialect."""


def dialect(name: str, description: Mapping[str, Any] | None = None) -> Dialect:
    """Return a dialect by its name in target files, or one by its description.

    Raises:
        UnknownDialect: the suite does not speak it.

    """
    if description is not None:
        return Described(description)
    if name not in _DIALECTS:
        known = ", ".join(sorted(_DIALECTS))
        raise UnknownDialect(f"expected a dialect that the suite speaks ({known}), got {name!r}")
    return _DIALECTS[name]
