"""How a request is read from the OpenAI responses dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_reference.gateway.chat_request import TOKENS_DEFAULT, TOKENS_MAX, ChatRequest, called
from drs_reference.gateway.sampling import Sampling
from drs_reference.gateway.structured_output import Form, form, read_schema, read_tools
from drs_reference.json_text import BodyError, Members

__all__ = ["parse_response_request"]

LOGPROBS = "message.output_text.logprobs"
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_PARTS = {"input_text": "text", "output_text": "text", "refusal": "refusal"}
"""Parts of a message, and the member that holds the text of each."""
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "background": (False,),
    "conversation": (),
    "max_tool_calls": (),
    "previous_response_id": (),
    "prompt": (),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "truncation": ("disabled",),
}
"""Members for features that this endpoint lacks, with the values that ask for nothing."""
_ECHOED = ("instructions", "max_output_tokens", "metadata", "text", "tool_choice", "tools", "user")


def parse_response_request(body: Mapping[str, Any]) -> ChatRequest:
    """A request of the dialect. Raises ``BodyError``.

    The dialect has one choice only; ``n`` is read so that whoever asks for more is refused.
    """
    members = Members(body)
    members.supported(_NEUTRAL)
    members.inner("reasoning").supported({"effort": ("none",), "summary": ()})
    members.inner("text").supported({"verbosity": ("medium",)})
    members.inner("stream_options").boolean("include_obfuscation")
    for name in ("user", "safety_identifier", "prompt_cache_key"):
        members.text(name)
    members.object("metadata")
    members.boolean("parallel_tool_calls")
    logprobs, top_logprobs = _logprobs(members), members.integer("top_logprobs", 0) or 0
    if top_logprobs and not logprobs:
        raise BodyError("top_logprobs", f"top_logprobs needs {LOGPROBS} among include")
    return ChatRequest(
        model=members.required("model"),
        messages=_messages(members),
        sampling=Sampling(
            temperature=members.number("temperature", 0, 2, 1),
            top_p=members.number("top_p", 0, 1, 1),
            max_tokens=members.integer("max_output_tokens", 1, TOKENS_MAX) or TOKENS_DEFAULT,
        ),
        choices=members.integer("n", 1) or 1,
        logprobs=logprobs,
        top_logprobs=top_logprobs,
        stream=members.boolean("stream"),
        form=_form(members),
        echoed={name: body[name] for name in _ECHOED if body.get(name) is not None},
    )


def _logprobs(members: Members) -> bool:
    included = members.array("include") or []
    if any(name != LOGPROBS for name in included):
        raise members.wrong("include", f"an array with nothing but {LOGPROBS}")
    return bool(included)


def _messages(members: Members) -> tuple[tuple[str, str], ...]:
    instructions = members.text("instructions")
    read = [("system", instructions)] if instructions else []
    if isinstance(members.get("input"), str):
        return (*read, ("user", members.required("input")))
    if not members.array("input"):
        raise members.wrong("input", "a string or an array of at least one item")
    for item in members.items("input"):
        kind = item.get("type") or "message"
        if kind == "message":
            role = item.text("role")
            if role not in _ROLES:
                raise item.wrong("role", "one of " + ", ".join(_ROLES))
            read.append((_ROLES[role], _text(item, "content")))
        elif kind == "function_call":
            read.append(called(item.required("name"), item.required("arguments")))
        elif kind == "function_call_output":
            read.append(("tool", _text(item, "output")))
        else:
            raise item.wrong("type", '"message", "function_call" or "function_call_output"')
    return tuple(read)


def _text(item: Members, name: str) -> str:
    if isinstance(item.get(name), str):
        return str(item.get(name))
    if not item.array(name):
        raise item.wrong(name, "a string or an array of text parts")
    texts = []
    for part in item.items(name):
        kind = part.text("type")
        if kind not in _PARTS:
            raise part.wrong("type", "one of " + ", ".join(_PARTS))
        text = part.text(_PARTS[kind])
        if text is None:
            raise part.wrong(_PARTS[kind], "a string")
        texts.append(text)
    return "".join(texts)


def _form(members: Members) -> Form | None:
    choice, only = members.get("tool_choice"), None
    if isinstance(choice, dict):
        choice, only = "required", members.inner("tool_choice").required("name")
    if choice not in (None, "none", "auto", "required"):
        raise members.wrong("tool_choice", '"none", "auto", "required" or a function')
    tools = list(members.items("tools"))
    for tool in tools:
        if tool.get("type") != "function":
            raise tool.wrong("type", '"function", the only kind known here')
    functions = read_tools(tools, "parameters")
    named = ("text.format", "tool_choice")
    return form(_schema(members), functions, choice or "auto", only, named=named)


def _schema(members: Members) -> Mapping[str, Any] | None:
    text = members.inner("text")
    wanted = text.inner("format")
    kind = wanted.get("type")
    if text.get("format") is None or kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    if kind != "json_schema":
        raise wanted.wrong("type", '"text", "json_object" or "json_schema"')
    return read_schema(wanted, "schema")
