"""How a chat request is read from the OpenAI chat dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_reference.gateway.chat_request import (
    STOPS_MAX,
    TOKENS_DEFAULT,
    TOKENS_MAX,
    ChatRequest,
    called,
)
from drs_reference.gateway.sampling import Sampling
from drs_reference.gateway.structured_output import Form, form, read_schema, read_tools
from drs_reference.json_text import BodyError, Members, described

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "audio": (),
    "function_call": ("none",),
    "functions": (),
    "modalities": (["text"],),
    "parallel_tool_calls": (True, False),
    "prediction": (),
    "reasoning_effort": ("none",),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "verbosity": ("medium",),
    "web_search_options": (),
}
"""Members for features that this endpoint lacks, with the values that ask for nothing."""


def parse_chat(body: Mapping[str, Any], vocabulary: int) -> ChatRequest:
    """A request of the dialect for a model of ``vocabulary`` tokens. Raises ``BodyError``.

    Bounds on exposure are not checked here. Members that the dialect does not know are ignored.
    """
    members = Members(body)
    members.supported(_NEUTRAL)
    model = members.required("model")
    logprobs, top_logprobs = members.boolean("logprobs"), members.integer("top_logprobs", 0) or 0
    if top_logprobs and not logprobs:
        raise BodyError("top_logprobs", "top_logprobs needs logprobs to be true")
    for name in ("user", "safety_identifier", "prompt_cache_key"):
        members.text(name)
    members.object("metadata")
    stream, bias = members.boolean("stream"), _logit_bias(members, vocabulary)
    return ChatRequest(
        model=model,
        messages=_messages(members),
        sampling=Sampling(
            temperature=members.number("temperature", 0, 2, 1),
            top_p=members.number("top_p", 0, 1, 1),
            presence_penalty=members.number("presence_penalty", -2, 2, 0),
            frequency_penalty=members.number("frequency_penalty", -2, 2, 0),
            logit_bias=bias,
            seed=members.integer("seed", -(2**63), 2**63 - 1),
            max_tokens=_max_tokens(members),
            stop=_stop(members),
        ),
        choices=members.integer("n", 1) or 1,
        logprobs=logprobs,
        top_logprobs=top_logprobs,
        stream=stream,
        include_usage=_include_usage(members, stream),
        logit_bias=bias,
        form=_form(members),
    )


def _messages(members: Members) -> tuple[tuple[str, str], ...]:
    if not members.array("messages"):
        raise members.wrong("messages", "an array of at least one message")
    read: list[tuple[str, str]] = []
    for fields in members.items("messages"):
        role = fields.text("role")
        if role not in _ROLES:
            raise fields.wrong("role", "one of " + ", ".join(_ROLES))
        fields.text("name")
        calls = _calls(fields) if role == "assistant" else ()
        read += calls
        if not calls or fields.get("content") is not None:
            read.append((_ROLES[role], _content(fields)))
    return tuple(read)


def _calls(fields: Members) -> tuple[tuple[str, str], ...]:
    """The tool calls of an earlier answer."""
    calls = []
    for call in fields.items("tool_calls"):
        function = call.inner("function")
        name, arguments = function.required("name"), function.text("arguments")
        if arguments is None:
            raise function.wrong("arguments", "a string")
        calls.append(called(name, arguments))
    return tuple(calls)


def _content(fields: Members) -> str:
    content = fields.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise fields.wrong("content", "a string or an array of text parts")
    texts = []
    for part in fields.items("content"):
        if part.get("type") != "text":
            raise part.wrong("type", '"text", the only kind of part that is supported here')
        text = part.text("text")
        if text is None:
            raise part.wrong("text", "a string")
        texts.append(text)
    return "".join(texts)


def _form(members: Members) -> Form | None:
    choice, only = members.get("tool_choice"), None
    if isinstance(choice, dict):
        choice, only = "required", members.inner("tool_choice").inner("function").required("name")
    if choice not in (None, "none", "auto", "required"):
        raise members.wrong("tool_choice", '"none", "auto", "required" or a function')
    named = ("response_format", "tool_choice")
    return form(_schema(members), _tools(members), choice or "auto", only, named=named)


def _schema(members: Members) -> Mapping[str, Any] | None:
    wanted = members.inner("response_format")
    kind = wanted.get("type")
    if members.get("response_format") is None or kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    if kind != "json_schema":
        raise wanted.wrong("type", '"text", "json_object" or "json_schema"')
    return read_schema(wanted.inner("json_schema"), "schema")


def _tools(members: Members) -> dict[str, Mapping[str, Any]]:
    functions = []
    for tool in members.items("tools"):
        if tool.get("type") != "function":
            raise tool.wrong("type", '"function", the only kind known here')
        functions.append(tool.inner("function"))
    return read_tools(functions, "parameters")


def _max_tokens(members: Members) -> int:
    old = members.integer("max_tokens", 1, TOKENS_MAX)
    new = members.integer("max_completion_tokens", 1, TOKENS_MAX)
    if old is not None and new is not None and old != new:
        raise BodyError("max_tokens", "max_tokens and max_completion_tokens contradict each other")
    return new or old or TOKENS_DEFAULT


def _stop(members: Members) -> tuple[str, ...]:
    stop = members.get("stop")
    if isinstance(stop, str) and stop:
        return (stop,)
    return members.strings("stop", STOPS_MAX)


def _logit_bias(members: Members, vocabulary: int) -> dict[int, float]:
    bias = {}
    for key, value in (members.object("logit_bias") or {}).items():
        path = f"logit_bias.{key[:20]}"
        if not (key.isascii() and key.isdigit() and len(key) < 10 and int(key) < vocabulary):
            raise BodyError(path, f"{path}: a token id must be one of 0 to {vocabulary - 1}")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not -100 <= value <= 100:
            raise BodyError(
                path, f"{path} must be a number from -100 to 100; got {described(value)}"
            )
        bias[int(key)] = float(value)
    return bias


def _include_usage(members: Members, stream: bool) -> bool:
    options = members.object("stream_options")
    if options is None:
        return False
    if not stream:
        raise BodyError("stream_options", "stream_options needs stream to be true")
    inner = Members(options, "stream_options.")
    inner.boolean("include_obfuscation")
    return inner.boolean("include_usage")
