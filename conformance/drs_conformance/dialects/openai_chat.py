"""The OpenAI chat completions dialect: `POST {base}/chat/completions`.

Source: the API reference of 2026, of which only what the standard bears on is read. Members that
are not known here are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from drs_conformance.dialects.abilities import PARAMETERS, Abilities
from drs_conformance.dialects.dialect import Dialect
from drs_conformance.dialects.neutral import (
    ChatAnswer,
    ChatRequest,
    Choice,
    MalformedAnswer,
    TokenLogprob,
    ToolCall,
    Usage,
)
from drs_conformance.dialects.reading import (
    array,
    count,
    document,
    events,
    in_order,
    number,
    objects,
    require_no_error,
    text,
    text_or_empty,
    text_or_none,
    to_object,
)
from drs_conformance.ledger import Exchange

__all__ = ["OpenAIChat", "tokens"]

_DONE = "[DONE]"


class OpenAIChat(Dialect):
    """The dialect `openai_chat`."""

    name = "openai_chat"
    path_below = "/chat/completions"
    abilities = Abilities(frozenset(PARAMETERS))

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
            "messages": [{"role": role, "content": said} for role, said in request.messages],
            "max_tokens": request.max_tokens,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def whole(self, exchange: Exchange) -> ChatAnswer:
        """Read a chat completion."""
        body = document(exchange)
        choices = []
        for position, item in enumerate(array(body.get("choices"), "/choices")):
            pointer = f"/choices/{position}"
            entry = to_object(item, pointer)
            message = to_object(entry.get("message"), f"{pointer}/message")
            refusal = text_or_empty(message.get("refusal"), f"{pointer}/message/refusal")
            finish = _finish(entry, pointer)
            choices.append(
                Choice(
                    index=count(entry.get("index"), f"{pointer}/index"),
                    text=text_or_empty(message.get("content"), f"{pointer}/message/content"),
                    finish_reason=finish,
                    tokens=tuple(_tokens(entry.get("logprobs"), f"{pointer}/logprobs")),
                    tool_calls=tuple(_calls(message.get("tool_calls"), f"{pointer}/message")),
                    refusal=refusal or _filtered(finish),
                )
            )
        return ChatAnswer(
            exchange=exchange,
            model=text(body.get("model"), "/model"),
            choices=in_order(choices, "/choices"),
            usage=_usage(body.get("usage"), "/usage"),
            raw=body,
            id=text_or_empty(body.get("id"), "/id"),
        )

    def streamed(self, exchange: Exchange) -> ChatAnswer:
        """Read the chunks of a chat completion; `data: [DONE]` ends them."""
        chunks = events(exchange, _DONE)
        model: str | None = None
        identifier = ""
        usage: Usage | None = None
        parts: dict[int, _Part] = {}
        for position, chunk in enumerate(chunks):
            pointer = f"/{position}"
            require_no_error(chunk, pointer)
            if model is None and "model" in chunk:
                model = text(chunk["model"], f"{pointer}/model")
            identifier = identifier or text_or_empty(chunk.get("id"), f"{pointer}/id")
            usage = _usage(chunk.get("usage"), f"{pointer}/usage") or usage
            for place, item in enumerate(array(chunk.get("choices"), f"{pointer}/choices")):
                _add_delta(parts, item, f"{pointer}/choices/{place}")
        if model is None:
            raise MalformedAnswer("expected the name of the model in an event, got none")
        choices = [part.choice(index) for index, part in parts.items()]
        return ChatAnswer(exchange, model, in_order(choices, ""), usage, chunks, identifier)


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
            "".join(self.refusal) or _filtered(self.finish_reason),
        )

    def add_calls(self, value: object, pointer: str) -> None:
        """Take in parts of tool calls: the first of each has its name, all have arguments."""
        for entry, place in objects(value, pointer):
            function = to_object(entry.get("function"), f"{place}/function")
            call = self.calls.setdefault(count(entry.get("index"), f"{place}/index"), ["", ""])
            call[0] += text_or_empty(function.get("name"), f"{place}/function/name")
            call[1] += text_or_empty(function.get("arguments"), f"{place}/function/arguments")


def _add_delta(parts: dict[int, _Part], item: object, pointer: str) -> None:
    entry = to_object(item, pointer)
    part = parts.setdefault(count(entry.get("index"), f"{pointer}/index"), _Part())
    delta = to_object(entry.get("delta"), f"{pointer}/delta")
    part.text.append(text_or_empty(delta.get("content"), f"{pointer}/delta/content"))
    part.refusal.append(text_or_empty(delta.get("refusal"), f"{pointer}/delta/refusal"))
    part.add_calls(delta.get("tool_calls"), f"{pointer}/delta/tool_calls")
    part.tokens.extend(_tokens(entry.get("logprobs"), f"{pointer}/logprobs"))
    part.finish_reason = _finish(entry, pointer) or part.finish_reason


def _tokens(value: object, pointer: str) -> Iterator[TokenLogprob]:
    if value is not None:
        yield from tokens(to_object(value, pointer).get("content"), f"{pointer}/content")


def tokens(value: object, pointer: str) -> Iterator[TokenLogprob]:
    """Yield the tokens of an array as both dialects of OpenAI write them."""
    for entry, place in objects(value, pointer):
        listed = objects(entry.get("top_logprobs"), f"{place}/top_logprobs")
        yield TokenLogprob(
            *_pair(entry, place),
            alternatives=tuple(_pair(alternative, at) for alternative, at in listed),
        )


def _calls(value: object, pointer: str) -> Iterator[ToolCall]:
    for item, at in objects(value, f"{pointer}/tool_calls"):
        place = f"{at}/function"
        function = to_object(item.get("function"), place)
        yield ToolCall(
            text(function.get("name"), f"{place}/name"),
            text(function.get("arguments"), f"{place}/arguments"),
        )


def _pair(entry: dict[str, object], pointer: str) -> tuple[str, float]:
    return _token(entry, pointer), number(entry.get("logprob"), f"{pointer}/logprob")


def _token(entry: dict[str, object], pointer: str) -> str:
    """Return the text of a token, from its bytes where it is not whole characters."""
    token = text(entry.get("token"), f"{pointer}/token")
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
    entry = to_object(value, pointer)
    return Usage(
        count(entry.get("prompt_tokens"), f"{pointer}/prompt_tokens"),
        count(entry.get("completion_tokens"), f"{pointer}/completion_tokens"),
    )


def _finish(entry: dict[str, object], pointer: str) -> str | None:
    return text_or_none(entry.get("finish_reason"), f"{pointer}/finish_reason")


def _filtered(finish_reason: str | None) -> str | None:
    """Return what stands for a refusal by a filter, which says nothing itself."""
    return finish_reason if finish_reason == "content_filter" else None
