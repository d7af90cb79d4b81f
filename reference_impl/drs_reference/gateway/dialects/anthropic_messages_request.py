"""How a request is read from the Anthropic messages dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from drs_reference.gateway.chat_request import STOPS_MAX, TOKENS_MAX, ChatRequest, called
from drs_reference.gateway.sampling import Sampling
from drs_reference.gateway.structured_output import Form, form, read_schema, read_tools
from drs_reference.json_text import Members

__all__ = ["parse_message_request"]

_CHOICES = {"auto": "auto", "any": "required", "none": "none", "tool": "required"}
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "container": (),
    "mcp_servers": ([],),
    "service_tier": ("auto", "standard_only"),
    "thinking": ({"type": "disabled"},),
    "top_k": (),
}
"""Members for features that this endpoint lacks, with the values that ask for nothing."""


def parse_message_request(body: Mapping[str, Any]) -> ChatRequest:
    """A request of the dialect. Raises ``BodyError``.

    The dialect knows no log-probabilities and one choice only; ``n``, ``logprobs`` and
    ``top_logprobs`` are read so that whoever asks for them is refused.
    """
    members = Members(body)
    members.supported(_NEUTRAL)
    members.inner("output_config").supported({"effort": ()})
    members.inner("metadata").text("user_id")
    tokens = members.integer("max_tokens", 1, TOKENS_MAX)
    if tokens is None:
        raise members.wrong("max_tokens", f"a whole number from 1 to {TOKENS_MAX}")
    return ChatRequest(
        model=members.required("model"),
        messages=tuple(_messages(members)),
        sampling=Sampling(
            temperature=members.number("temperature", 0, 1, 1),
            top_p=members.number("top_p", 0, 1, 1),
            max_tokens=tokens,
            stop=members.strings("stop_sequences", STOPS_MAX),
        ),
        choices=members.integer("n", 1) or 1,
        logprobs=members.boolean("logprobs"),
        top_logprobs=members.integer("top_logprobs", 0) or 0,
        stream=members.boolean("stream"),
        form=_form(members),
    )


def _messages(members: Members) -> Iterator[tuple[str, str]]:
    if members.get("system") is not None:
        yield "system", _text(members, "system")
    if not members.array("messages"):
        raise members.wrong("messages", "an array of at least one message")
    for message in members.items("messages"):
        role = message.text("role")
        if role not in ("user", "assistant"):
            raise message.wrong("role", '"user" or "assistant"')
        if isinstance(message.get("content"), str):
            yield role, message.required("content")
            continue
        if not message.array("content"):
            raise message.wrong("content", "a string or an array of at least one block")
        for block in message.items("content"):
            yield _block(role, block)


def _block(role: str, block: Members) -> tuple[str, str]:
    kind = block.get("type")
    if kind == "text":
        return role, block.required("text")
    if kind == "tool_use" and role == "assistant":
        given = block.object("input") or {}
        return called(block.required("name"), json.dumps(given, ensure_ascii=False))
    if kind == "tool_result" and role == "user":
        return "tool", "" if block.get("content") is None else _text(block, "content")
    raise block.wrong("type", 'a block that is supported here: "text", "tool_use", "tool_result"')


def _text(members: Members, name: str) -> str:
    if isinstance(members.get(name), str):
        return str(members.get(name))
    texts = []
    for block in members.items(name):
        if block.get("type") != "text":
            raise block.wrong("type", '"text", the only kind of block that is supported here')
        texts.append(block.required("text"))
    return "".join(texts)


def _form(members: Members) -> Form | None:
    choice = members.inner("tool_choice")
    kind = "auto" if members.get("tool_choice") is None else choice.get("type")
    if kind not in _CHOICES:
        raise choice.wrong("type", "one of " + ", ".join(_CHOICES))
    choice.boolean("disable_parallel_tool_use")
    tools = list(members.items("tools"))
    for tool in tools:
        if tool.get("type") not in (None, "custom"):
            raise tool.wrong("type", '"custom", the only kind known here')
    only = choice.required("name") if kind == "tool" else None
    functions = read_tools(tools, "input_schema")
    named = ("output_config.format", "tool_choice")
    return form(_schema(members), functions, _CHOICES[kind], only, named=named)


def _schema(members: Members) -> Mapping[str, Any] | None:
    config = members.inner("output_config")
    wanted = config.inner("format")
    if config.get("format") is None:
        return None
    if wanted.get("type") != "json_schema":
        raise wanted.wrong("type", '"json_schema"')
    return read_schema(wanted, "schema")
