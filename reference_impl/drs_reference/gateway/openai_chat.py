"""The OpenAI chat dialect: requests in, completions, chunks and errors out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from drs_reference.gateway.chat_request import ChatRequest, parse_chat
from drs_reference.gateway.problems import Problem
from drs_reference.gateway.sampling import Call, Chosen, Emission, Generating, Tokens

Round = Callable[[float], float]
"""How a log-probability is shown (the exposure rules)."""

_CODES: Mapping[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("permission_error", "account_closed"),
    404: ("invalid_request_error", "not_found"),
    405: ("invalid_request_error", "method_not_allowed"),
    408: ("invalid_request_error", "request_timeout"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("server_error", None),
}


class OpenAIChat:
    """Reads and writes the dialect for one model."""

    def __init__(self, tokens: Tokens, models: tuple[str, ...]) -> None:
        self.tokens = tokens
        self.models = models

    def parse(self, body: Mapping[str, Any]) -> ChatRequest:
        """A request. Raises ``BodyError``."""
        return parse_chat(body, len(self.tokens.vocabulary))

    def error(
        self, status: int, message: str, param: str | None = None, code: str | None = None
    ) -> dict[str, Any]:
        """The body of an error: ``{"error": {"message", "type", "param", "code"}}``."""
        kind, usual = _CODES.get(status, ("invalid_request_error", None))
        return {"error": {"message": message, "type": kind, "param": param, "code": code or usual}}

    def with_error(self, problem: Problem) -> Problem:
        """A problem that also carries the error object of the dialect."""
        parameter = problem.members.get("parameter")
        code = problem.type.rpartition("#")[2].replace("-", "_") or None
        members = {
            **problem.members,
            **self.error(problem.status, problem.detail, parameter, code),
        }
        return Problem(problem.type, problem.title, problem.status, problem.detail, members)

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

    def scored(self, token: int, logprob: float, shown: Round) -> dict[str, Any]:
        """A token with its log-probability; special tokens show their name and no bytes."""
        text = self.tokens.token_text(token)
        return {
            "token": text or self.tokens.vocabulary[token],
            "logprob": shown(logprob),
            "bytes": list(text.encode()) if text else None,
        }

    def logprobs(self, tokens: Iterable[Chosen], shown: Round) -> dict[str, Any]:
        """The ``logprobs`` member of a choice."""
        content = [
            {
                **self.scored(token.token, token.logprob, shown),
                "top_logprobs": [
                    self.scored(other.token, other.logprob, shown) for other in token.alternatives
                ],
            }
            for token in tokens
        ]
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
        texts: list[list[str]] = [[] for _ in range(request.choices)]
        tokens: list[list[Chosen]] = [[] for _ in range(request.choices)]
        calls: list[list[Call]] = [[] for _ in range(request.choices)]
        finishes: list[str | None] = [None] * request.choices
        refusals = [""] * request.choices
        for emission in emissions:
            calls[emission.choice] += [emission.call] if emission.call else []
            texts[emission.choice].append(emission.text)
            tokens[emission.choice] += emission.tokens
            finishes[emission.choice] = emission.finish
            refusals[emission.choice] += emission.refusal
        choices = [
            {
                "index": i,
                "message": self._message("".join(texts[i]), calls[i], refusals[i]),
                "logprobs": (
                    self.logprobs(tokens[i], shown) if request.logprobs and not calls[i] else None
                ),
                "finish_reason": finishes[i],
            }
            for i in range(request.choices)
        ]
        return {
            "id": self.identifier(),
            "object": "chat.completion",
            "created": created,
            "model": request.model,
            "choices": choices,
            "usage": self.usage(generation),
        }

    def _message(self, text: str, calls: Sequence[Call], refusal: str) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if refusal:
            message |= {"content": None, "refusal": refusal}
        if calls:
            message |= {"content": None, "tool_calls": [self._call(call) for call in calls]}
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

    def event(self, document: Mapping[str, Any]) -> bytes:
        """A server-sent event."""
        return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"

    def end_of_stream(self) -> bytes:
        """The event that ends a stream."""
        return b"data: [DONE]\n\n"

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
