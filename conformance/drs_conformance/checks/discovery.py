"""What a surface without a declaration answers to a handful of everyday requests.

It decides no verdict. A lab that reads that its declaration is missing reads beside it what would
have to be declared.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from drs_conformance.checks.declaration import Surface
from drs_conformance.checks.lab import Lab
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest, Tool
from drs_conformance.traffic.prompts import prompts
from drs_conformance.verdicts import Finding

__all__ = ["offered"]

_TOKENS = 32
_SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}


def offered(lab: Lab) -> str:
    """Say what the surface does that the target file points at."""
    return lab.episode("discovery", _discover)


def _discover(lab: Lab) -> str:
    spoken = lab.dialect
    template = lab.target.base_path + spoken.path_below
    surface = Surface("", spoken.declared_as, template, (lab.target.model,), True, False, 1, 17, 2)
    path = lab.path
    messages = (("user", lab.draw(prompts(), 1)[0]),)
    plain = ChatRequest(messages, _TOKENS)
    if not _shows(lab, surface, plain, lambda answer: True):
        lab.leave_out()
        return f"{path} does not answer a plain request in the dialect {spoken.name} either"
    tool = Tool("answer", "Gives the answer.", _SCHEMA)
    variants: dict[str, tuple[ChatRequest, Callable[[ChatAnswer], bool]]] = {
        "stream": (ChatRequest(messages, _TOKENS, stream=True), lambda answer: True),
        "n": (ChatRequest(messages, _TOKENS, n=2), lambda answer: len(answer.choices) == 2),
        "logprobs": (
            ChatRequest(messages, _TOKENS, logprobs=True, top_logprobs=1),
            lambda answer: bool(answer.choices[0].tokens),
        ),
        "schema": (
            ChatRequest(messages, _TOKENS, schema=_SCHEMA),
            lambda answer: _is_object(answer.choices[0].text),
        ),
        "tools": (
            ChatRequest(messages, _TOKENS, tools=(tool,)),
            lambda answer: bool(answer.choices[0].tool_calls),
        ),
    }
    names = {"stream": "streams", "n": "several choices", "logprobs": "log-probabilities"}
    names |= {"schema": "structured output", "tools": "tools"}
    seen = [
        names[ability]
        for ability, (request, holds) in variants.items()
        if spoken.abilities.has(ability) and _shows(lab, surface, request, holds)
    ]
    # An answer that was lost here bears on no verdict.
    lab.leave_out()
    has = f"with {', '.join(seen)}" if seen else "with text and nothing else"
    return f"{path} answers in the dialect {spoken.name}, {has}; a declaration would list it"


def _shows(
    lab: Lab, surface: Surface, request: ChatRequest, holds: Callable[[ChatAnswer], bool]
) -> bool:
    try:
        return holds(lab.read(lab.ask(request, surface=surface), request))
    except Finding:
        return False


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
