"""How a request is read from the Gemini dialect."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
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
from drs_reference.json_text import BodyError, Members

__all__ = ["parse_generate_request"]

_ROLES = {None: "user", "user": "user", "model": "assistant", "function": "user"}
_MODES = {None: "auto", "AUTO": "auto", "VALIDATED": "auto", "ANY": "required", "NONE": "none"}
_JSON = "application/json"
_DEPTH_MAX = 16
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "audioTimestamp": (False,),
    "mediaResolution": (),
    "responseModalities": (["TEXT"],),
    "speechConfig": (),
    "topK": (),
}
"""Members for features that this endpoint lacks, with the values that ask for nothing."""


def parse_generate_request(body: Mapping[str, Any]) -> ChatRequest:
    """A request of the dialect; ``model`` and ``stream`` come from its address.

    Names are taken in either spelling, as in ``maxOutputTokens`` and ``max_output_tokens``.
    Settings of safety are ignored: what is declined does not depend on the caller. Raises
    ``BodyError``.
    """
    members = Members({_camel(name): value for name, value in body.items()})
    members.supported({"cachedContent": ()})
    given = members.inner("generationConfig")
    config = Members({_camel(n): value for n, value in given.members.items()}, given.path)
    config.supported(_NEUTRAL)
    config.inner("thinkingConfig").supported(
        {"includeThoughts": (False,), "thinkingBudget": (0, -1), "thinkingLevel": ()}
    )
    logprobs, top_logprobs = config.boolean("responseLogprobs"), config.integer("logprobs", 0) or 0
    if top_logprobs and not logprobs:
        path = config.path + "logprobs"
        raise BodyError(path, f"{path} needs responseLogprobs to be true")
    return ChatRequest(
        model=members.required("model"),
        messages=tuple(_messages(members)),
        sampling=Sampling(
            temperature=config.number("temperature", 0, 2, 1),
            top_p=config.number("topP", 0, 1, 1),
            presence_penalty=config.number("presencePenalty", -2, 2, 0),
            frequency_penalty=config.number("frequencyPenalty", -2, 2, 0),
            seed=config.integer("seed", -(2**31), 2**31 - 1),
            max_tokens=config.integer("maxOutputTokens", 1, TOKENS_MAX) or TOKENS_DEFAULT,
            stop=config.strings("stopSequences", STOPS_MAX),
        ),
        choices=config.integer("candidateCount", 1) or 1,
        logprobs=logprobs,
        top_logprobs=top_logprobs,
        stream=members.boolean("stream"),
        form=_form(members, config),
    )


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _messages(members: Members) -> Iterator[tuple[str, str]]:
    if members.get("systemInstruction") is not None:
        for _, text in _parts("system", members.inner("systemInstruction")):
            yield "system", text
    if not members.array("contents"):
        raise members.wrong("contents", "an array of at least one content")
    for content in members.items("contents"):
        role = content.text("role")
        if role not in _ROLES:
            raise content.wrong("role", '"user" or "model"')
        yield from _parts(_ROLES[role], content)


def _parts(role: str, content: Members) -> list[tuple[str, str]]:
    """The messages of a content: its texts as one, then its calls and their results."""
    if not content.array("parts"):
        raise content.wrong("parts", "an array of at least one part")
    texts, others = [], []
    for part in content.items("parts"):
        if part.get("text") is not None:
            texts.append(part.text("text") or "")
        elif part.get("functionCall") is not None:
            call = part.inner("functionCall")
            arguments = json.dumps(call.object("args") or {}, ensure_ascii=False)
            others.append(called(call.required("name"), arguments))
        elif part.get("functionResponse") is not None:
            answer = part.inner("functionResponse").object("response") or {}
            others.append(("tool", json.dumps(answer, ensure_ascii=False)))
        else:
            path = part.path[:-1]
            raise BodyError(
                path, f"{path} must have text, functionCall or functionResponse, supported here"
            )
    return [(role, "".join(texts)), *others] if texts else others


def _form(members: Members, config: Members) -> Form | None:
    calling = members.inner("toolConfig").inner("functionCallingConfig")
    mode = calling.text("mode")
    if mode not in _MODES:
        raise calling.wrong("mode", '"AUTO", "ANY", "VALIDATED" or "NONE"')
    functions: list[Members] = []
    for tool in members.items("tools"):
        if set(tool.members) - {"functionDeclarations"}:
            path = tool.path[:-1]
            raise BodyError(path, f"{path} may have functionDeclarations only")
        functions += (_function(declared) for declared in tool.items("functionDeclarations"))
    tools = read_tools(functions, "parameters")
    allowed = calling.array("allowedFunctionNames")
    if allowed:
        if not all(isinstance(name, str) and name in tools for name in allowed):
            raise calling.wrong("allowedFunctionNames", "an array of names of declared functions")
        tools = {name: tools[name] for name in allowed}
    named = ("generationConfig.responseSchema", "toolConfig")
    return form(_schema(config), tools, _MODES[mode], named=named)


def _function(declared: Members) -> Members:
    plain = declared.get("parametersJsonSchema")
    schema = _json_schema(declared.get("parameters")) if plain is None else plain
    return Members({"name": declared.get("name"), "parameters": schema}, declared.path)


def _schema(config: Members) -> Mapping[str, Any] | None:
    kind = config.text("responseMimeType")
    name = "responseSchema" if config.get("responseSchema") is not None else "responseJsonSchema"
    wanted = config.get(name)
    if kind not in (None, "text/plain", _JSON):
        raise config.wrong("responseMimeType", f'"text/plain" or "{_JSON}"')
    if kind != _JSON:
        if wanted is not None:
            path = config.path + name
            raise BodyError(path, f"{path} needs the responseMimeType {_JSON}")
        return None
    schema = _json_schema(wanted) if name == "responseSchema" else wanted
    return read_schema(Members({name: schema}, config.path), name) if schema else {}


def _json_schema(schema: Any, depth: int = 0) -> Any:
    """A schema of the dialect (types in capitals, counts as text) as a JSON Schema."""
    if not isinstance(schema, dict) or depth > _DEPTH_MAX:
        return schema
    known = {_camel(name): value for name, value in schema.items()}
    for name in ("propertyOrdering", "format", "example", "default"):
        known.pop(name, None)
    for name in ("minItems", "maxItems", "minLength", "maxLength"):
        if isinstance(known.get(name), str) and known[name].isdecimal():
            known[name] = int(known[name])
    kind = known.get("type")
    if isinstance(kind, str):
        known["type"] = kind.lower()
        if known.pop("nullable", False):
            known["type"] = [kind.lower(), "null"]
    if isinstance(known.get("properties"), dict):
        known["properties"] = {
            name: _json_schema(value, depth + 1) for name, value in known["properties"].items()
        }
    if "items" in known:
        known["items"] = _json_schema(known["items"], depth + 1)
    if isinstance(known.get("anyOf"), list):
        known["anyOf"] = [_json_schema(value, depth + 1) for value in known["anyOf"]]
    return known
