"""How inference surfaces are spoken to, behind one neutral request and answer."""

from drs_conformance.dialects.neutral import (
    ChatAnswer,
    ChatRequest,
    Choice,
    Dialect,
    MalformedAnswer,
    TokenLogprob,
    Tool,
    ToolCall,
    Usage,
)
from drs_conformance.dialects.openai_chat import OpenAIChat

__all__ = [
    "ChatAnswer",
    "ChatRequest",
    "Choice",
    "Dialect",
    "MalformedAnswer",
    "OpenAIChat",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "UnknownDialect",
    "Usage",
    "dialect",
]

_DIALECTS: dict[str, Dialect] = {known.name: known for known in (OpenAIChat(),)}


class UnknownDialect(Exception):
    """The suite does not speak a dialect."""


def dialect(name: str) -> Dialect:
    """Return a dialect by the name that target files and declarations use.

    Raises:
        UnknownDialect: the suite does not speak it.

    """
    if name not in _DIALECTS:
        known = ", ".join(sorted(_DIALECTS))
        raise UnknownDialect(f"expected a dialect that the suite speaks ({known}), got {name!r}")
    return _DIALECTS[name]
