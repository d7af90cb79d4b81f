"""The OpenAI responses dialect: `POST {base}/responses`.

Source: the API reference of 2026, of which only what the standard bears on is read. Items and
members that are not known here are left alone. An answer has one choice: the texts of its messages
one after the other. OpenAI's own service refuses fewer than 16 output tokens; what is asked for is
sent nevertheless, because other servers of the dialect know no such limit.
"""

from __future__ import annotations

import json

from drs_conformance.dialects.abilities import Abilities
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
from drs_conformance.dialects.openai_chat import tokens
from drs_conformance.dialects.reading import (
    array,
    count,
    document,
    events,
    objects,
    text,
    text_or_empty,
    text_or_none,
    to_object,
)
from drs_conformance.ledger import Exchange

__all__ = ["OpenAIResponses"]

_LOGPROBS = "message.output_text.logprobs"
_ENDS = ("response.completed", "response.incomplete")
_FAILURES = ("response.failed", "error")
_REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}
_SHOWN_CHARACTERS = 120


class OpenAIResponses(Dialect):
    """The dialect `openai_responses`."""

    name = "openai_responses"
    path_below = "/responses"
    abilities = Abilities(frozenset({"top_p", "logprobs", "stream", "user", "schema", "tools"}))

    def body(self, request: ChatRequest, model: str) -> dict[str, object]:
        """Return the body of a request; parameters that are None are left out."""
        optional: dict[str, object] = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "include": [_LOGPROBS] if request.logprobs else None,
            "top_logprobs": request.top_logprobs,
            "stream": request.stream or None,
            "user": request.user,
            "text": _format(request),
            "tools": _tools(request),
            "tool_choice": "required" if request.tools else None,
        }
        return {
            "model": model,
            # Servers that tell items apart by `type` take no message without it.
            "input": [
                {"type": "message", "role": role, "content": said}
                for role, said in request.messages
            ],
            "max_output_tokens": request.max_tokens,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def whole(self, exchange: Exchange) -> ChatAnswer:
        """Read a response object."""
        body = document(exchange)
        return _answer(exchange, body, "", body)

    def streamed(self, exchange: Exchange) -> ChatAnswer:
        """Read the events of a response. The last holds it whole; the deltas have to agree."""
        received = events(exchange, None)
        deltas: list[str] = []
        for position, event in enumerate(received):
            pointer = f"/{position}"
            kind = text(event.get("type"), f"{pointer}/type")
            if kind in _FAILURES:
                said = json.dumps(event, ensure_ascii=False)[:_SHOWN_CHARACTERS]
                raise MalformedAnswer(f"the stream broke off with an error: {said}", pointer)
            if kind == "response.output_text.delta":
                deltas.append(text(event.get("delta"), f"{pointer}/delta"))
            if kind in _ENDS:
                if position + 1 != len(received):
                    raise MalformedAnswer(f"events follow {kind}", f"/{position + 1}")
                place = f"{pointer}/response"
                body = to_object(event.get("response"), place)
                answer = _answer(exchange, body, place, received)
                if "".join(deltas) != answer.choices[0].text:
                    raise MalformedAnswer(
                        "expected the text of the whole response to be that of its deltas", place
                    )
                return answer
        raise MalformedAnswer("the stream ended without a whole response", f"/{len(received)}")


def _format(request: ChatRequest) -> dict[str, object] | None:
    if request.schema is None:
        return None
    schema = {"type": "json_schema", "name": "answer", "schema": dict(request.schema)}
    return {"format": {**schema, "strict": True}}


def _tools(request: ChatRequest) -> list[dict[str, object]] | None:
    return [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        }
        for tool in request.tools
    ] or None


def _answer(exchange: Exchange, body: dict[str, object], at: str, raw: object) -> ChatAnswer:
    """Read the response object that stands at the pointer `at`."""
    status = text(body.get("status"), f"{at}/status")
    if status not in {"completed", "incomplete"}:
        raise MalformedAnswer(f"expected a response that ended, got {status!r}", f"{at}/status")
    said: list[str] = []
    refusal: list[str] = []
    reported: list[TokenLogprob] = []
    calls: list[ToolCall] = []
    array(body.get("output"), f"{at}/output")
    for item, place in objects(body.get("output"), f"{at}/output"):
        kind = text(item.get("type"), f"{place}/type")
        if kind == "function_call":
            name = text(item.get("name"), f"{place}/name")
            calls.append(ToolCall(name, text(item.get("arguments"), f"{place}/arguments")))
        elif kind == "message":
            array(item.get("content"), f"{place}/content")
            for part, where in objects(item.get("content"), f"{place}/content"):
                part_kind = text(part.get("type"), f"{where}/type")
                if part_kind == "output_text":
                    said.append(text(part.get("text"), f"{where}/text"))
                    reported.extend(tokens(part.get("logprobs"), f"{where}/logprobs"))
                elif part_kind == "refusal":
                    refusal.append(text(part.get("refusal"), f"{where}/refusal"))
    finish = _finish(body, at, status, bool(calls))
    if finish == "content_filter" and not refusal:
        refusal = [finish]
    choice = Choice(
        0, "".join(said), finish, tuple(reported), tuple(calls), "".join(refusal) or None
    )
    return ChatAnswer(
        exchange=exchange,
        model=text(body.get("model"), f"{at}/model"),
        choices=(choice,),
        usage=_usage(body.get("usage"), f"{at}/usage"),
        raw=raw,
        id=text_or_empty(body.get("id"), f"{at}/id"),
    )


def _finish(body: dict[str, object], at: str, status: str, has_called: bool) -> str | None:
    if status == "completed":
        return "tool_calls" if has_called else "stop"
    place = f"{at}/incomplete_details"
    details = body.get("incomplete_details")
    if details is None:
        return None
    reason = text_or_none(to_object(details, place).get("reason"), f"{place}/reason")
    return None if reason is None else _REASONS.get(reason, reason)


def _usage(value: object, pointer: str) -> Usage | None:
    if value is None:
        return None
    entry = to_object(value, pointer)
    return Usage(
        count(entry.get("input_tokens"), f"{pointer}/input_tokens"),
        count(entry.get("output_tokens"), f"{pointer}/output_tokens"),
    )
