"""The Anthropic messages dialect: requests in, messages and their events out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.dialects.anthropic_messages_request import parse_message_request
from drs_reference.gateway.dialects.dialect import Dialect, Round, Stream, event
from drs_reference.gateway.limiter import Quota
from drs_reference.gateway.results import Said, collected
from drs_reference.gateway.sampling import Call, Emission, Generating
from drs_reference.timestamps import rfc3339

__all__ = ["AnthropicMessages"]

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
}
_REASONS = {"length": "max_tokens", "tool_calls": "tool_use"}
_STOPPED: Mapping[str, Any] = {"stop_reason": None, "stop_sequence": None, "stop_details": None}


class AnthropicMessages(Dialect):
    """The dialect ``anthropic_messages``."""

    name = "anthropic_messages"
    id_field = "request-id"
    key_fields = ("x-api-key",)

    def parse(self, body: Mapping[str, Any]) -> ChatRequest:
        """A request. Raises ``BodyError``."""
        return parse_message_request(body)

    def error(
        self, status: int, message: str, param: str | None = None, code: str | None = None
    ) -> dict[str, Any]:
        """The body of an error: ``{"type": "error", "error": {"type", "message"}}``."""
        kind = _TYPES.get(status, "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": message}}

    def named(self, error: dict[str, Any], request_id: str) -> dict[str, Any]:
        """The body of an error with the name of the request."""
        return {**error, "request_id": request_id}

    def rate_limits(self, quota: Quota, now: datetime) -> Mapping[str, str]:
        """``anthropic-ratelimit-requests-*``; the reset as a time (RFC 3339)."""
        begins = now.replace(microsecond=0) + timedelta(seconds=quota.reset_s)
        return {
            "anthropic-ratelimit-requests-limit": str(quota.policy.quota),
            "anthropic-ratelimit-requests-remaining": str(quota.remaining),
            "anthropic-ratelimit-requests-reset": rfc3339(begins),
        }

    def completion(
        self,
        request: ChatRequest,
        emissions: Iterable[Emission],
        generation: Generating,
        shown: Round,
        created: int,
    ) -> dict[str, Any]:
        """The answer to a request that is not streamed; a refusal has no content."""
        (said,) = collected(1, emissions)
        content = [{"type": "text", "text": said.text}] if said.text else []
        blocks = [*content, *(_call(call, json.loads(call.arguments)) for call in said.calls)]
        message = self.message(request, generation, self.usage(generation))
        return {**message, "content": blocks, **_stopped(said)}

    def stream(
        self, request: ChatRequest, generation: Generating, shown: Round, created: int
    ) -> Stream:
        """The events of an answer."""
        return _MessageStream(self, request, generation)

    def message(
        self, request: ChatRequest, generation: Generating, usage: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A message that has no content yet."""
        return {
            "id": f"msg_{secrets.token_hex(12)}",
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": [],
            **_STOPPED,
            "usage": usage,
        }

    def usage(self, generation: Generating) -> dict[str, Any]:
        """Tokens of prompt and answer; withheld ones are billed and told apart."""
        withheld = generation.reasoning_tokens
        details = {"output_tokens_details": {"thinking_tokens": withheld}}
        return {
            "input_tokens": generation.prompt_tokens,
            "output_tokens": generation.completion_tokens + (withheld or 0),
            **({} if withheld is None else details),
        }


def _call(call: Call, arguments: Any) -> dict[str, Any]:
    identifier = f"toolu_{secrets.token_hex(12)}"
    return {"type": "tool_use", "id": identifier, "name": call.name, "input": arguments}


def _stopped(said: Said) -> dict[str, Any]:
    """Why a message ends."""
    if said.refusal:
        details = {"type": "refusal", "category": None, "explanation": said.refusal}
        return {**_STOPPED, "stop_reason": "refusal", "stop_details": details}
    if said.stop is not None:
        return {**_STOPPED, "stop_reason": "stop_sequence", "stop_sequence": said.stop}
    return {**_STOPPED, "stop_reason": _REASONS.get(said.finish or "", "end_turn")}


class _MessageStream(Stream):
    """Begins with the first emission, because the message says how long the prompt is."""

    def __init__(
        self, dialect: AnthropicMessages, request: ChatRequest, generation: Generating
    ) -> None:
        self._dialect = dialect
        self._generation = generation
        usage = {"input_tokens": 0, "output_tokens": 0}
        self._message = dialect.message(request, generation, usage)
        self.id = self._message["id"]
        self._said = Said()
        self._begun = False
        self._open = False

    def add(self, emission: Emission) -> Iterable[bytes]:
        self._said.add(emission)
        yield from self._begin()
        if emission.text:
            if not self._open:
                yield self._block({"type": "text", "text": ""})
            yield self._delta({"type": "text_delta", "text": emission.text})
        elif emission.call is not None:
            yield self._block(_call(emission.call, {}))
            arguments = emission.call.arguments
            yield self._delta({"type": "input_json_delta", "partial_json": arguments})

    def end(self) -> Iterable[bytes]:
        if self._open:
            yield _event("content_block_stop", index=0)
        usage = self._dialect.usage(self._generation)
        yield _event("message_delta", delta=_stopped(self._said), usage=usage)
        yield _event("message_stop")

    def fail(self, message: str) -> Iterable[bytes]:
        yield event(self._dialect.error(500, message), "error")

    def _begin(self) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            usage = {"input_tokens": self._generation.prompt_tokens, "output_tokens": 0}
            yield _event("message_start", message={**self._message, "usage": usage})

    def _block(self, block: dict[str, Any]) -> bytes:
        self._open = True
        return _event("content_block_start", index=0, content_block=block)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", index=0, delta=delta)


def _event(kind: str, **members: Any) -> bytes:
    return event({"type": kind, **members}, kind)
