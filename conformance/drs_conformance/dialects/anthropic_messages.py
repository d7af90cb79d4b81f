"""The Anthropic messages dialect: `POST {base}/messages`.

Source: the API reference of 2026 (`anthropic-version: 2023-06-01`), of which only what the standard
bears on is read. Blocks, events and members that are not known here are left alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from drs_conformance.dialects.abilities import Abilities
from drs_conformance.dialects.dialect import Dialect
from drs_conformance.dialects.neutral import (
    ChatAnswer,
    ChatRequest,
    Choice,
    MalformedAnswer,
    ToolCall,
    Usage,
)
from drs_conformance.dialects.reading import (
    array,
    count,
    count_or_none,
    document,
    events,
    objects,
    require_no_error,
    text,
    text_or_empty,
    text_or_none,
    to_object,
)
from drs_conformance.ledger import CredentialField, Exchange

__all__ = ["AnthropicMessages"]

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class AnthropicMessages(Dialect):
    """The dialect `anthropic_messages`."""

    name = "anthropic_messages"
    path_below = "/messages"
    abilities = Abilities(
        frozenset({"top_p", "stop", "stream", "user", "schema", "tools"}),
        temperature_max=1.0,
        one_sampler=True,
    )
    headers = (("anthropic-version", "2023-06-01"),)
    credential = CredentialField("x-api-key")

    def body(self, request: ChatRequest, model: str) -> dict[str, object]:
        """Return the body of a request; the system's messages stand in a member of their own."""
        system = "\n\n".join(said for role, said in request.messages if role == "system")
        optional: dict[str, object] = {
            "system": system or None,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "stop_sequences": list(request.stop) or None,
            "stream": request.stream or None,
            "metadata": None if request.user is None else {"user_id": request.user},
            "output_config": _format(request),
            "tools": _tools(request),
            "tool_choice": {"type": "any"} if request.tools else None,
        }
        return {
            "model": model,
            "messages": [
                {"role": role, "content": said}
                for role, said in request.messages
                if role != "system"
            ],
            "max_tokens": request.max_tokens,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def whole(self, exchange: Exchange) -> ChatAnswer:
        """Read a message."""
        body = document(exchange)
        message = _Message()
        message.begin(body, "")
        message.stop(body, "")
        array(body.get("content"), "/content")
        for position, (block, place) in enumerate(objects(body.get("content"), "/content")):
            message.blocks[position] = _Block.begun(block, place)
        return message.answer(exchange, body)

    def streamed(self, exchange: Exchange) -> ChatAnswer:
        """Read the events of a message, from `message_start` to `message_stop`."""
        received = events(exchange)
        message = _Message()
        for position, event in enumerate(received):
            pointer = f"/{position}"
            kind = text(event.get("type"), f"{pointer}/type")
            require_no_error(event, pointer)
            if kind == "message_start":
                body = to_object(event.get("message"), f"{pointer}/message")
                message.begin(body, f"{pointer}/message")
            elif kind == "content_block_start":
                place = f"{pointer}/content_block"
                block = _Block.begun(to_object(event.get("content_block"), place), place)
                message.blocks[count(event.get("index"), f"{pointer}/index")] = block
            elif kind == "content_block_delta":
                message.add(event, pointer)
            elif kind == "message_delta":
                message.stop(to_object(event.get("delta"), f"{pointer}/delta"), f"{pointer}/delta")
                message.count(event.get("usage"), f"{pointer}/usage")
            elif kind == "message_stop":
                if position + 1 != len(received):
                    raise MalformedAnswer("events follow message_stop", f"/{position + 1}")
                return message.answer(exchange, received)
        raise MalformedAnswer("the stream ended without message_stop", f"/{len(received)}")


def _format(request: ChatRequest) -> dict[str, object] | None:
    if request.schema is None:
        return None
    return {"format": {"type": "json_schema", "schema": dict(request.schema)}}


def _tools(request: ChatRequest) -> list[dict[str, object]] | None:
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": dict(tool.parameters),
        }
        for tool in request.tools
    ] or None


@dataclass(slots=True)
class _Block:
    """A block of a message; `name` is that of a tool, None in a text."""

    text: str = ""
    name: str | None = None
    arguments: str = ""

    @classmethod
    def begun(cls, block: dict[str, object], pointer: str) -> _Block:
        kind = text(block.get("type"), f"{pointer}/type")
        if kind == "text":
            return cls(text(block.get("text"), f"{pointer}/text"))
        if kind == "tool_use":
            given = to_object(block.get("input"), f"{pointer}/input")
            written = json.dumps(given, ensure_ascii=False) if given else ""
            return cls(name=text(block.get("name"), f"{pointer}/name"), arguments=written)
        return cls()


@dataclass(slots=True)
class _Message:
    """A message while it is read."""

    model: str | None = None
    id: str = ""
    blocks: dict[int, _Block] = field(default_factory=dict)
    stop_reason: str | None = None
    explanation: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None

    def begin(self, body: dict[str, object], pointer: str) -> None:
        """Take in what stands beside the content."""
        self.model = text(body.get("model"), f"{pointer}/model")
        self.id = text_or_empty(body.get("id"), f"{pointer}/id")
        self.count(body.get("usage"), f"{pointer}/usage")

    def add(self, event: dict[str, object], pointer: str) -> None:
        """Take in a part of a block that has begun."""
        index = count(event.get("index"), f"{pointer}/index")
        if index not in self.blocks:
            raise MalformedAnswer(f"the block {index} has not begun", f"{pointer}/index")
        place = f"{pointer}/delta"
        delta = to_object(event.get("delta"), place)
        kind = text(delta.get("type"), f"{place}/type")
        if kind == "text_delta":
            self.blocks[index].text += text(delta.get("text"), f"{place}/text")
        elif kind == "input_json_delta":
            part = text(delta.get("partial_json"), f"{place}/partial_json")
            self.blocks[index].arguments += part

    def stop(self, entry: dict[str, object], pointer: str) -> None:
        """Take in why the model stopped."""
        reason = text_or_none(entry.get("stop_reason"), f"{pointer}/stop_reason")
        self.stop_reason = reason or self.stop_reason
        details = entry.get("stop_details")
        if details is not None:
            place = f"{pointer}/stop_details"
            known = to_object(details, place)
            for name in ("explanation", "category"):
                said = text_or_empty(known.get(name), f"{place}/{name}")
                self.explanation = self.explanation or said

    def count(self, value: object, pointer: str) -> None:
        """Take in the usage; counts of a later event replace earlier ones."""
        if value is None:
            return
        usage = to_object(value, pointer)
        given = count_or_none(usage.get("input_tokens"), f"{pointer}/input_tokens")
        made = count_or_none(usage.get("output_tokens"), f"{pointer}/output_tokens")
        self.input_tokens = self.input_tokens if given is None else given
        self.output_tokens = self.output_tokens if made is None else made

    def answer(self, exchange: Exchange, raw: object) -> ChatAnswer:
        """Return the answer."""
        if self.model is None:
            raise MalformedAnswer("expected message_start before the end of the message", "/0")
        blocks = [block for _, block in sorted(self.blocks.items())]
        said = "".join(block.text for block in blocks)
        calls = tuple(ToolCall(b.name, b.arguments or "{}") for b in blocks if b.name is not None)
        reason = self.stop_reason
        refusal = None
        if reason == "refusal":
            refusal = self.explanation or said or reason
        finish = None if reason is None else _REASONS.get(reason, reason)
        usage = None
        if self.input_tokens is not None and self.output_tokens is not None:
            usage = Usage(self.input_tokens, self.output_tokens)
        choice = Choice(0, said, finish, (), calls, refusal)
        return ChatAnswer(exchange, self.model, (choice,), usage, raw, self.id)
