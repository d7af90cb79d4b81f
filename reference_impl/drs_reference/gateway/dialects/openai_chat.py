"""The OpenAI chat dialect: requests in, completions, chunks and errors out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.dialects.dialect import Round, Stream, event
from drs_reference.gateway.dialects.openai import OpenAI
from drs_reference.gateway.dialects.openai_chat_request import parse_chat
from drs_reference.gateway.results import Said, collected
from drs_reference.gateway.sampling import Call, Chosen, Emission, Generating

__all__ = ["OpenAIChat", "Round"]

_DONE = b"data: [DONE]\n\n"


class OpenAIChat(OpenAI):
    """The dialect ``openai_chat``."""

    name = "openai_chat"

    def parse(self, body: Mapping[str, Any]) -> ChatRequest:
        """A request. Raises ``BodyError``."""
        return parse_chat(body, len(self.tokens.vocabulary))

    def identifier(self) -> str:
        """An identifier of one completion."""
        return f"chatcmpl-{secrets.token_hex(12)}"

    def model_list(self, created: int) -> dict[str, Any]:
        """The answer of ``/v1/models``; ``created`` in Unix seconds."""
        return {"object": "list", "data": [self.model(name, created) for name in self.models]}

    def model(self, name: str, created: int) -> dict[str, Any]:
        """One model."""
        return {"id": name, "object": "model", "created": created, "owned_by": "drs-reference"}

    def usage(self, generation: Generating) -> dict[str, Any]:
        """Tokens of prompt and completions; withheld ones are billed and told apart."""
        prompt, withheld = generation.prompt_tokens, generation.reasoning_tokens
        completion = generation.completion_tokens + (withheld or 0)
        details = {"completion_tokens_details": {"reasoning_tokens": withheld}}
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            **({} if withheld is None else details),
        }

    def logprobs(self, tokens: Iterable[Chosen], shown: Round) -> dict[str, Any]:
        """The ``logprobs`` member of a choice."""
        content = [self.scored_position(token, shown) for token in tokens]
        return {"content": content, "refusal": None}

    def completion(
        self,
        request: ChatRequest,
        emissions: Iterable[Emission],
        generation: Generating,
        shown: Round,
        created: int,
    ) -> dict[str, Any]:
        """The answer to a request that is not streamed."""
        choices = [
            {
                "index": index,
                "message": self._message(said),
                "logprobs": (
                    self.logprobs(said.tokens, shown)
                    if request.logprobs and not said.calls
                    else None
                ),
                "finish_reason": said.finish,
            }
            for index, said in enumerate(collected(request.choices, emissions))
        ]
        return {
            "id": self.identifier(),
            "object": "chat.completion",
            "created": created,
            "model": request.model,
            "choices": choices,
            "usage": self.usage(generation),
        }

    def stream(
        self, request: ChatRequest, generation: Generating, shown: Round, created: int
    ) -> Stream:
        """The chunks of an answer, and the sign that ends them."""
        return _ChatStream(self, request, generation, shown, self.head(request, created))

    def _message(self, said: Said) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": None}
        if said.refusal:
            message |= {"content": None, "refusal": said.refusal}
        if said.calls:
            message |= {"content": None, "tool_calls": [self._call(call) for call in said.calls]}
        return message

    def _call(self, call: Call) -> dict[str, Any]:
        function = {"name": call.name, "arguments": call.arguments}
        return {"id": f"call_{secrets.token_hex(12)}", "type": "function", "function": function}

    def opening(self, request: ChatRequest, head: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The chunks that open the choices."""
        delta = {"role": "assistant", "content": "", "refusal": None}
        return [self._chunk(request, head, i, delta) for i in range(request.choices)]

    def chunks(
        self, request: ChatRequest, head: Mapping[str, Any], emission: Emission, shown: Round
    ) -> list[dict[str, Any]]:
        """The chunks of an emission."""
        chunks = []
        delta: dict[str, Any]
        if emission.tokens:
            logprobs = self.logprobs(emission.tokens, shown) if request.logprobs else None
            delta = {"content": emission.text}
            chunks.append(self._chunk(request, head, emission.choice, delta, logprobs))
        if emission.refusal:
            delta = {"refusal": emission.refusal}
            chunks.append(self._chunk(request, head, emission.choice, delta))
        if emission.call is not None:
            delta = {"tool_calls": [{"index": 0, **self._call(emission.call)}]}
            chunks.append(self._chunk(request, head, emission.choice, delta))
        if emission.finish:
            chunks.append(self._chunk(request, head, emission.choice, {}, finish=emission.finish))
        return chunks

    def closing(
        self, request: ChatRequest, head: Mapping[str, Any], generation: Generating
    ) -> list[dict[str, Any]]:
        """The chunk with the usage, if it was asked for."""
        if not request.include_usage:
            return []
        return [{**head, "choices": [], "usage": self.usage(generation)}]

    def head(self, request: ChatRequest, created: int) -> dict[str, Any]:
        """The members that all chunks of an answer share."""
        return {
            "id": self.identifier(),
            "object": "chat.completion.chunk",
            "created": created,
            "model": request.model,
        }

    def _chunk(
        self,
        request: ChatRequest,
        head: Mapping[str, Any],
        index: int,
        delta: Mapping[str, Any],
        logprobs: Mapping[str, Any] | None = None,
        finish: str | None = None,
    ) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        usage = {"usage": None} if request.include_usage else {}
        return {**head, "choices": [choice], **usage}


class _ChatStream(Stream):
    def __init__(
        self,
        dialect: OpenAIChat,
        request: ChatRequest,
        generation: Generating,
        shown: Round,
        head: dict[str, Any],
    ) -> None:
        self.id = head["id"]
        self._dialect = dialect
        self._request = request
        self._generation = generation
        self._shown = shown
        self._head = head

    def begin(self) -> Iterable[bytes]:
        return map(event, self._dialect.opening(self._request, self._head))

    def add(self, emission: Emission) -> Iterable[bytes]:
        return map(event, self._dialect.chunks(self._request, self._head, emission, self._shown))

    def end(self) -> Iterable[bytes]:
        chunks = self._dialect.closing(self._request, self._head, self._generation)
        return [*map(event, chunks), _DONE]

    def fail(self, message: str) -> Iterable[bytes]:
        return [event(self._dialect.error(500, message)), _DONE]
