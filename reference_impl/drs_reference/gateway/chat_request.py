"""A chat request in the terms of the endpoint, and how to read one from the OpenAI dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drs_reference.gateway.body import BodyError, Members, described
from drs_reference.gateway.sampling import Sampling
from drs_reference.gateway.structured_output import Form, read_form

TOKENS_DEFAULT = 1024
TOKENS_MAX = 4096
"""Most tokens of one choice."""
_STOPS_MAX = 4
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


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked: (role, text) messages, how to sample, what to return."""

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

    @property
    def question(self) -> str:
        """The last message of the user, or nothing."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")


def parse_chat(body: Mapping[str, Any], vocabulary: int) -> ChatRequest:
    """A request of the dialect for a model of ``vocabulary`` tokens. Raises ``BodyError``.

    Bounds on exposure are not checked here. Members that the dialect does not know are ignored.
    """
    members = Members(body)
    for name, neutral in _NEUTRAL.items():
        if members.get(name) is not None and members.get(name) not in neutral:
            raise BodyError(name, f"{name} is not supported here; leave it out")
    model = members.text("model", 1)
    if model is None:
        raise members.wrong("model", "the name of a model")
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
        form=read_form(members),
    )


def _messages(members: Members) -> tuple[tuple[str, str], ...]:
    messages = members.array("messages")
    if not messages:
        raise members.wrong("messages", "an array of at least one message")
    read = []
    for i, message in enumerate(messages):
        path = f"messages[{i}]"
        if not isinstance(message, dict):
            raise BodyError(path, f"{path} must be an object; got {described(message)}")
        fields = Members(message, f"{path}.")
        role = fields.text("role")
        if role not in _ROLES:
            raise fields.wrong("role", "one of " + ", ".join(_ROLES))
        fields.text("name")
        calls = _calls(fields) if role == "assistant" else ()
        read += [("assistant", call) for call in calls]
        if not calls or fields.get("content") is not None:
            read.append((_ROLES[role], _content(fields)))
    return tuple(read)


def _calls(fields: Members) -> tuple[str, ...]:
    """The tool calls of an earlier answer, as the model wrote them."""
    calls = []
    for number, call in enumerate(fields.array("tool_calls") or ()):
        path = f"{fields.path}tool_calls[{number}]"
        if not isinstance(call, dict):
            raise BodyError(path, f"{path} must be an object; got {described(call)}")
        function = Members(Members(call, f"{path}.").object("function") or {}, f"{path}.function.")
        name, arguments = function.text("name", 1), function.text("arguments")
        if name is None or arguments is None:
            raise function.wrong("name" if name is None else "arguments", "a string")
        calls.append(f'{{"name": {json.dumps(name)}, "arguments": {arguments}}}')
    return tuple(calls)


def _content(fields: Members) -> str:
    content = fields.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise fields.wrong("content", "a string or an array of text parts")
    texts = []
    for i, part in enumerate(content):
        path = f"{fields.path}content[{i}]"
        if not isinstance(part, dict):
            raise BodyError(path, f"{path} must be an object; got {described(part)}")
        inner = Members(part, f"{path}.")
        if inner.get("type") != "text":
            raise inner.wrong("type", '"text", the only kind of part that is supported here')
        text = inner.text("text")
        if text is None:
            raise inner.wrong("text", "a string")
        texts.append(text)
    return "".join(texts)


def _max_tokens(members: Members) -> int:
    old = members.integer("max_tokens", 1, TOKENS_MAX)
    new = members.integer("max_completion_tokens", 1, TOKENS_MAX)
    if old is not None and new is not None and old != new:
        raise BodyError("max_tokens", "max_tokens and max_completion_tokens contradict each other")
    return new or old or TOKENS_DEFAULT


def _stop(members: Members) -> tuple[str, ...]:
    stop = members.get("stop")
    if stop is None:
        return ()
    texts = [stop] if isinstance(stop, str) else stop
    expected = f"a string or an array of at most {_STOPS_MAX} strings, none of them empty"
    if not isinstance(texts, list) or len(texts) > _STOPS_MAX:
        raise members.wrong("stop", expected)
    if not all(isinstance(text, str) and text for text in texts):
        raise members.wrong("stop", expected)
    return tuple(texts)


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
