"""The OpenAI chat completions dialect: `POST {base}/chat/completions`.

Source: the API reference of 2026, of which only what the standard bears on is read. Members that
are not known here are left alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from drs_conformance.dialects.event_stream import event_data
from drs_conformance.dialects.neutral import (
    ChatAnswer,
    ChatRequest,
    Choice,
    MalformedAnswer,
    TokenLogprob,
    ToolCall,
    Usage,
)
from drs_conformance.ledger import Exchange, MalformedBody, WireRequest, parse_body
from drs_conformance.specification.schema_problems import shown

__all__ = ["OpenAIChat"]

_DONE = "[DONE]"
_SHOWN_CHARACTERS = 120


class OpenAIChat:
    """The dialect `openai_chat`."""

    name = "openai_chat"

    def path(self, base_path: str, model: str) -> str:
        """Return the path of chat completions; the model is named in the body."""
        return f"{base_path}/chat/completions"

    def body(self, request: ChatRequest, model: str) -> dict[str, object]:
        """Return the body of a request; parameters that are None are left out."""
        optional: dict[str, object] = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
            "n": request.n,
            "logprobs": request.logprobs or None,
            "top_logprobs": request.top_logprobs,
            "logit_bias": _bias(request),
            "stop": list(request.stop) or None,
            "stream": request.stream or None,
            "user": request.user,
            "response_format": _format(request),
            "tools": _tools(request),
            "tool_choice": "required" if request.tools else None,
        }
        return {
            "model": model,
            "messages": [{"role": role, "content": text} for role, text in request.messages],
            "max_tokens": request.max_tokens,
            **{name: value for name, value in optional.items() if value is not None},
            **request.extra,
        }

    def encode(
        self, request: ChatRequest, model: str, base_path: str, persona: str | None = None
    ) -> WireRequest:
        """Return a request ready to be sent; `max_tokens` is reserved for each choice."""
        body = json.dumps(
            self.body(request, model), ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )
        return WireRequest(
            method="POST",
            path=self.path(base_path, model),
            persona=persona,
            headers=(("Content-Type", "application/json"),),
            body=body.encode("utf-8"),
            output_tokens=request.max_tokens * (request.n or 1),
        )

    def decode(self, exchange: Exchange, stream: bool) -> ChatAnswer:
        """Read an answer; raises `MalformedAnswer` for anything that is not one."""
        if exchange.fault is not None:
            fault = exchange.fault
            raise MalformedAnswer(f"there is no response: {fault.kind}, {fault.detail}")
        if exchange.status != 200:
            raise MalformedAnswer(f"expected status 200, got {exchange.status}")
        return _streamed(exchange) if stream else _whole(exchange)


def _bias(request: ChatRequest) -> dict[str, float] | None:
    if request.logit_bias is None:
        return None
    return {str(token): bias for token, bias in request.logit_bias.items()}


def _format(request: ChatRequest) -> dict[str, object] | None:
    if request.schema is None:
        return None
    schema = {"name": "answer", "schema": dict(request.schema), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _tools(request: ChatRequest) -> list[dict[str, object]] | None:
    functions = [
        {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
        for tool in request.tools
    ]
    return [{"type": "function", "function": function} for function in functions] or None


def _whole(exchange: Exchange) -> ChatAnswer:
    try:
        raw = exchange.json()
    except MalformedBody as error:
        kind = exchange.media_type or "no media type"
        raise MalformedAnswer(f"expected a JSON object, got {kind}: {error}") from None
    body = _object(raw, "")
    choices = []
    for position, item in enumerate(_array(body.get("choices"), "/choices")):
        pointer = f"/choices/{position}"
        entry = _object(item, pointer)
        message = _object(entry.get("message"), f"{pointer}/message")
        choices.append(
            Choice(
                index=_count(entry.get("index"), f"{pointer}/index"),
                text=_text_or_null(message.get("content"), f"{pointer}/message/content"),
                finish_reason=_finish(entry, pointer),
                tokens=tuple(_tokens(entry.get("logprobs"), f"{pointer}/logprobs")),
                tool_calls=tuple(_calls(message.get("tool_calls"), f"{pointer}/message")),
                refusal=_text_or_null(message.get("refusal"), f"{pointer}/message/refusal") or None,
            )
        )
    return ChatAnswer(
        exchange=exchange,
        model=_text(body.get("model"), "/model"),
        choices=_in_order(choices, "/choices"),
        usage=_usage(body.get("usage"), "/usage"),
        raw=raw,
        id=_text_or_null(body.get("id"), "/id"),
    )


def _streamed(exchange: Exchange) -> ChatAnswer:
    events = _events(exchange)
    model: str | None = None
    identifier = ""
    usage: Usage | None = None
    parts: dict[int, _Part] = {}
    for number, event in enumerate(events):
        pointer = f"/{number}"
        body = _object(event, pointer)
        if body.get("error") is not None:
            text = json.dumps(body["error"], ensure_ascii=False)[:_SHOWN_CHARACTERS]
            raise MalformedAnswer(f"the stream broke off with an error: {text}", f"{pointer}/error")
        if model is None and "model" in body:
            model = _text(body["model"], f"{pointer}/model")
        identifier = identifier or _text_or_null(body.get("id"), f"{pointer}/id")
        usage = _usage(body.get("usage"), f"{pointer}/usage") or usage
        for position, item in enumerate(_array(body.get("choices"), f"{pointer}/choices")):
            _add_delta(parts, item, f"{pointer}/choices/{position}")
    if model is None:
        raise MalformedAnswer("expected the name of the model in an event, got none")
    choices = [part.choice(index) for index, part in parts.items()]
    return ChatAnswer(exchange, model, _in_order(choices, ""), usage, events, identifier)


class _Part:
    """A choice while its events come in."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.refusal: list[str] = []
        self.tokens: list[TokenLogprob] = []
        self.calls: dict[int, list[str]] = {}
        self.finish_reason: str | None = None

    def choice(self, index: int) -> Choice:
        return Choice(
            index,
            "".join(self.text),
            self.finish_reason,
            tuple(self.tokens),
            tuple(ToolCall(name, arguments) for _, (name, arguments) in sorted(self.calls.items())),
            "".join(self.refusal) or None,
        )

    def add_calls(self, value: object, pointer: str) -> None:
        """Take in parts of tool calls: the first of each has its name, all have arguments."""
        for number, item in enumerate([] if value is None else _array(value, pointer)):
            place = f"{pointer}/{number}"
            entry = _object(item, place)
            function = _object(entry.get("function"), f"{place}/function")
            call = self.calls.setdefault(_count(entry.get("index"), f"{place}/index"), ["", ""])
            call[0] += _text_or_null(function.get("name"), f"{place}/function/name")
            call[1] += _text_or_null(function.get("arguments"), f"{place}/function/arguments")


def _add_delta(parts: dict[int, _Part], item: object, pointer: str) -> None:
    entry = _object(item, pointer)
    part = parts.setdefault(_count(entry.get("index"), f"{pointer}/index"), _Part())
    delta = _object(entry.get("delta"), f"{pointer}/delta")
    part.text.append(_text_or_null(delta.get("content"), f"{pointer}/delta/content"))
    part.refusal.append(_text_or_null(delta.get("refusal"), f"{pointer}/delta/refusal"))
    part.add_calls(delta.get("tool_calls"), f"{pointer}/delta/tool_calls")
    part.tokens.extend(_tokens(entry.get("logprobs"), f"{pointer}/logprobs"))
    part.finish_reason = _finish(entry, pointer) or part.finish_reason


def _events(exchange: Exchange) -> list[object]:
    """Return the parsed events of a stream that ended with its terminator."""
    if exchange.media_type != "text/event-stream":
        raise MalformedAnswer(
            f"expected an event stream, got {exchange.media_type or 'no media type'}"
        )
    if not exchange.utf8_valid:
        raise MalformedAnswer("expected an event stream in UTF-8, got other bytes")
    data, unended = event_data(exchange.text())
    if unended == _DONE:
        data.append(unended)
    elif unended:
        raise MalformedAnswer("the stream broke off inside an event", f"/{len(data)}")
    if _DONE not in data:
        raise MalformedAnswer(f"the stream ended without `data: {_DONE}`", f"/{len(data)}")
    if data.index(_DONE) != len(data) - 1:
        raise MalformedAnswer(f"events follow `data: {_DONE}`", f"/{data.index(_DONE) + 1}")
    events = []
    for number, text in enumerate(data[:-1]):
        try:
            events.append(parse_body(text.encode("utf-8"), f"event {number}"))
        except MalformedBody as error:
            raise MalformedAnswer(str(error), f"/{number}") from None
    return events


def _tokens(value: object, pointer: str) -> Iterator[TokenLogprob]:
    if value is None:
        return
    content = _object(value, pointer).get("content")
    if content is None:
        return
    for number, item in enumerate(_array(content, f"{pointer}/content")):
        place = f"{pointer}/content/{number}"
        entry = _object(item, place)
        listed = entry.get("top_logprobs")
        yield TokenLogprob(
            *_pair(entry, place),
            alternatives=tuple(
                _pair(
                    _object(alternative, f"{place}/top_logprobs/{position}"),
                    f"{place}/top_logprobs/{position}",
                )
                for position, alternative in enumerate(
                    () if listed is None else _array(listed, f"{place}/top_logprobs")
                )
            ),
        )


def _calls(value: object, pointer: str) -> Iterator[ToolCall]:
    for number, item in enumerate([] if value is None else _array(value, f"{pointer}/tool_calls")):
        place = f"{pointer}/tool_calls/{number}/function"
        function = _object(_object(item, place).get("function"), place)
        yield ToolCall(
            _text(function.get("name"), f"{place}/name"),
            _text(function.get("arguments"), f"{place}/arguments"),
        )


def _pair(entry: dict[str, object], pointer: str) -> tuple[str, float]:
    token = _token(entry, pointer)
    logprob = entry.get("logprob")
    if isinstance(logprob, bool) or not isinstance(logprob, int | float):
        raise MalformedAnswer(f"expected a number, got {shown(logprob)}", f"{pointer}/logprob")
    if not math.isfinite(logprob):
        raise MalformedAnswer("expected a finite number", f"{pointer}/logprob")
    return token, float(logprob)


def _token(entry: dict[str, object], pointer: str) -> str:
    """Return the text of a token, from its bytes where it is not whole characters."""
    token = _text(entry.get("token"), f"{pointer}/token")
    octets = entry.get("bytes")
    if (token and "\ufffd" not in token) or not isinstance(octets, list):
        return token
    try:
        return bytes(octets).decode("utf-8", "surrogateescape")
    except (TypeError, ValueError):
        return token


def _usage(value: object, pointer: str) -> Usage | None:
    if value is None:
        return None
    entry = _object(value, pointer)
    return Usage(
        _count(entry.get("prompt_tokens"), f"{pointer}/prompt_tokens"),
        _count(entry.get("completion_tokens"), f"{pointer}/completion_tokens"),
    )


def _in_order(choices: list[Choice], pointer: str) -> tuple[Choice, ...]:
    if not choices:
        raise MalformedAnswer("expected at least one choice, got none", pointer)
    ordered = tuple(sorted(choices, key=lambda choice: choice.index))
    if len({choice.index for choice in ordered}) < len(ordered):
        raise MalformedAnswer("expected choices with different indices", pointer)
    return ordered


def _finish(entry: dict[str, object], pointer: str) -> str | None:
    value = entry.get("finish_reason")
    return None if value is None else _text(value, f"{pointer}/finish_reason")


def _text_or_null(value: object, pointer: str) -> str:
    return "" if value is None else _text(value, pointer)


def _text(value: object, pointer: str) -> str:
    if not isinstance(value, str):
        raise MalformedAnswer(f"expected text, got {shown(value)}", pointer)
    return value


def _count(value: object, pointer: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MalformedAnswer(f"expected an integer of at least 0, got {shown(value)}", pointer)
    return value


def _object(value: object, pointer: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise MalformedAnswer(f"expected an object, got {shown(value)}", pointer)
    return value


def _array(value: object, pointer: str) -> list[object]:
    if not isinstance(value, list):
        raise MalformedAnswer(f"expected an array, got {shown(value)}", pointer)
    return value
