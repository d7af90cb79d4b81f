"""The OpenAI responses dialect: requests in, responses and their events out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.dialects.dialect import Round, Stream, event
from drs_reference.gateway.dialects.openai import OpenAI
from drs_reference.gateway.dialects.openai_responses_request import parse_response_request
from drs_reference.gateway.results import Said, collected
from drs_reference.gateway.sampling import Call, Emission, Generating

__all__ = ["OpenAIResponses"]

_ONGOING: Mapping[str, Any] = {"status": "in_progress", "output": [], "usage": None}
_INCOMPLETE = {"length": "max_output_tokens"}


class OpenAIResponses(OpenAI):
    """The dialect ``openai_responses``."""

    name = "openai_responses"

    def parse(self, body: Mapping[str, Any]) -> ChatRequest:
        """A request. Raises ``BodyError``."""
        return parse_response_request(body)

    def completion(
        self,
        request: ChatRequest,
        emissions: Iterable[Emission],
        generation: Generating,
        shown: Round,
        created: int,
    ) -> dict[str, Any]:
        """The answer to a request that is not streamed."""
        (said,) = collected(1, emissions)
        items = [_item("completed", self.content(request, said, shown), said.calls)]
        return self.response(request, created, self.outcome(said, items, generation))

    def stream(
        self, request: ChatRequest, generation: Generating, shown: Round, created: int
    ) -> Stream:
        """The events of an answer."""
        return _ResponseStream(self, request, generation, shown, created)

    def response(
        self, request: ChatRequest, created: int, outcome: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A response object; ``outcome`` is what becomes known only while it is made."""
        return {
            "id": f"resp_{secrets.token_hex(24)}",
            "object": "response",
            "created_at": created,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "max_output_tokens": None,
            "model": request.model,
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "store": False,
            "temperature": request.sampling.temperature,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_logprobs": request.top_logprobs,
            "top_p": request.sampling.top_p,
            "truncation": "disabled",
            "metadata": {},
            **request.echoed,
            **outcome,
        }

    def outcome(
        self, said: Said, items: list[dict[str, Any]], generation: Generating
    ) -> dict[str, Any]:
        """What became of a request."""
        cut = _INCOMPLETE.get(said.finish or "")
        return {
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": cut} if cut else None,
            "output": items,
            "usage": self.usage(generation),
        }

    def content(self, request: ChatRequest, said: Said, shown: Round) -> dict[str, Any]:
        """The one part of the message: a text or a refusal."""
        if said.refusal:
            return {"type": "refusal", "refusal": said.refusal}
        scored = [self.scored_position(token, shown) for token in said.tokens]
        logprobs = scored if request.logprobs else []
        return {"type": "output_text", "text": said.text, "annotations": [], "logprobs": logprobs}

    def usage(self, generation: Generating) -> dict[str, Any]:
        """Tokens of prompt and answer; withheld ones are billed and told apart."""
        prompt, withheld = generation.prompt_tokens, generation.reasoning_tokens or 0
        made = generation.completion_tokens + withheld
        return {
            "input_tokens": prompt,
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": withheld},
            "total_tokens": prompt + made,
        }


def _item(status: str, part: dict[str, Any] | None, calls: list[Call]) -> dict[str, Any]:
    """The one item of the output: a call or a message; ``part`` is its content, if it has any."""
    identifier = secrets.token_hex(24)
    if calls:
        return {
            "id": f"fc_{identifier}",
            "type": "function_call",
            "status": status,
            "call_id": f"call_{secrets.token_hex(12)}",
            "name": calls[0].name,
            "arguments": calls[0].arguments,
        }
    return {
        "id": f"msg_{identifier}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [part] if part else [],
    }


class _ResponseStream(Stream):
    """Opens the one item of the output with the first emission that has something to say."""

    def __init__(
        self,
        dialect: OpenAIResponses,
        request: ChatRequest,
        generation: Generating,
        shown: Round,
        created: int,
    ) -> None:
        self._dialect = dialect
        self._request = request
        self._generation = generation
        self._shown = shown
        self._response = dialect.response(request, created, _ONGOING)
        self.id = self._response["id"]
        self._said = Said()
        self._item: dict[str, Any] | None = None
        self._number = -1

    def begin(self) -> Iterable[bytes]:
        yield self._event("response.created", response=self._response)
        yield self._event("response.in_progress", response=self._response)

    def add(self, emission: Emission) -> Iterable[bytes]:
        self._said.add(emission)
        if self._item is None:
            yield from self._open(emission)
        if emission.refusal:
            yield self._event("response.refusal.delta", **self._place, delta=emission.refusal)
        elif emission.call is not None:
            place = {**self._place}
            del place["content_index"]
            text = emission.call.arguments
            yield self._event("response.function_call_arguments.delta", **place, delta=text)
        elif emission.text:
            part = self._part(Said(emission.text, list(emission.tokens)))
            yield self._event(
                "response.output_text.delta",
                **self._place,
                delta=emission.text,
                logprobs=part["logprobs"],
            )

    def end(self) -> Iterable[bytes]:
        assert self._item is not None
        said, place = self._said, self._place
        if said.calls:
            del place["content_index"]
            text = said.calls[0].arguments
            name = said.calls[0].name
            done = "response.function_call_arguments.done"
            yield self._event(done, **place, name=name, arguments=text)
            self._item |= {"arguments": text}
        else:
            part = self._part(said)
            if said.refusal:
                yield self._event("response.refusal.done", **place, refusal=said.refusal)
            else:
                known = {name: part[name] for name in ("text", "logprobs")}
                yield self._event("response.output_text.done", **place, **known)
            yield self._event("response.content_part.done", **place, part=part)
            self._item |= {"content": [part]}
        self._item |= {"status": "completed"}
        yield self._event("response.output_item.done", output_index=0, item=self._item)
        outcome = self._dialect.outcome(said, [self._item], self._generation)
        response = {**self._response, **outcome}
        yield self._event(f"response.{outcome['status']}", response=response)

    def fail(self, message: str) -> Iterable[bytes]:
        yield self._event("error", code="server_error", message=message, param=None)

    def _open(self, emission: Emission) -> Iterator[bytes]:
        calls = [emission.call] if emission.call else []
        self._item = _item("in_progress", None, calls)
        begun = {**self._item, **({"arguments": ""} if calls else {})}
        yield self._event("response.output_item.added", output_index=0, item=begun)
        if not calls:
            part = self._part(Said(refusal=emission.refusal))
            empty = {**part, "refusal": ""} if emission.refusal else part
            yield self._event("response.content_part.added", **self._place, part=empty)

    @property
    def _place(self) -> dict[str, Any]:
        assert self._item is not None
        return {"item_id": self._item["id"], "output_index": 0, "content_index": 0}

    def _part(self, said: Said) -> dict[str, Any]:
        return self._dialect.content(self._request, said, self._shown)

    def _event(self, kind: str, **members: Any) -> bytes:
        self._number += 1
        return event({"type": kind, "sequence_number": self._number, **members}, kind)
