"""The Gemini dialect: requests in, responses with candidates out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.dialects.dialect import Dialect, Round, Stream, event
from drs_reference.gateway.dialects.gemini_generate_request import parse_generate_request
from drs_reference.gateway.results import Said, collected
from drs_reference.gateway.sampling import Call, Chosen, Emission, Generating, Scored
from drs_reference.json_text import BodyError

__all__ = ["GeminiGenerate"]

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
}
_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}
_PLAIN, _STREAMED = ":generateContent", ":streamGenerateContent"


class GeminiGenerate(Dialect):
    """The dialect ``gemini_generate``."""

    name = "gemini_generate"
    id_member = "responseId"
    key_fields = ("x-goog-api-key",)
    streams_at = (_PLAIN, _STREAMED)
    parameters = {  # noqa: RUF012 (declared a class variable where it is defined)
        "top_logprobs": "generationConfig.logprobs",
        "n": "generationConfig.candidateCount",
    }

    def keys(self, request: Request) -> list[str]:
        """All keys that a request presents; one may stand in the query."""
        queried = [f"Bearer {key}" for key in request.query_params.getlist("key")]
        return [*super().keys(request), *queried]

    def addressed(self, body: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
        """The body with the model and whether to stream, which the address says here."""
        streams = request.url.path.endswith(_STREAMED)
        if streams and request.query_params.get("alt") != "sse":
            raise BodyError("alt", "streams are server-sent events here: add ?alt=sse")
        return {**body, "model": request.path_params["model"], "stream": streams}

    def parse(self, body: Mapping[str, Any]) -> ChatRequest:
        """A request. Raises ``BodyError``."""
        return parse_generate_request(body)

    def error(
        self, status: int, message: str, param: str | None = None, code: str | None = None
    ) -> dict[str, Any]:
        """The body of an error: ``{"error": {"code", "message", "status"}}``."""
        name = _STATUSES.get(status, "INVALID_ARGUMENT")
        return {"error": {"code": status, "message": message, "status": name}}

    def completion(
        self,
        request: ChatRequest,
        emissions: Iterable[Emission],
        generation: Generating,
        shown: Round,
        created: int,
    ) -> dict[str, Any]:
        """The answer to a request that is not streamed."""
        said = collected(request.choices, emissions)
        return {
            **self.content(request, dict(enumerate(said)), shown),
            "usageMetadata": self.usage(generation),
            "modelVersion": request.model,
            "responseId": secrets.token_hex(12),
        }

    def stream(
        self, request: ChatRequest, generation: Generating, shown: Round, created: int
    ) -> Stream:
        """The answer in parts."""
        return _GenerateStream(self, request, generation, shown)

    def content(
        self, request: ChatRequest, said: Mapping[int, Said], shown: Round
    ) -> dict[str, Any]:
        """The candidates by their index; none of them, but why, where the prompt is declined."""
        declined = next((choice.refusal for choice in said.values() if choice.refusal), "")
        if declined:
            reason = {"blockReason": "SAFETY", "blockReasonMessage": declined}
            return {"promptFeedback": reason}
        return {"candidates": [self._candidate(request, i, said[i], shown) for i in said]}

    def usage(self, generation: Generating) -> dict[str, Any]:
        """Tokens of prompt and answer; withheld ones are billed and told apart."""
        prompt, withheld = generation.prompt_tokens, generation.reasoning_tokens
        made = generation.completion_tokens
        return {
            "promptTokenCount": prompt,
            "candidatesTokenCount": made,
            "totalTokenCount": prompt + made + (withheld or 0),
            **({} if withheld is None else {"thoughtsTokenCount": withheld}),
        }

    def _candidate(
        self, request: ChatRequest, index: int, said: Said, shown: Round
    ) -> dict[str, Any]:
        texts = [] if said.calls else [{"text": said.text}]
        candidate: dict[str, Any] = {
            "content": {"role": "model", "parts": [*texts, *map(_call, said.calls)]},
            "index": index,
        }
        if said.finish is not None:
            candidate["finishReason"] = _REASONS[said.finish]
        if request.logprobs and not said.calls:
            candidate["logprobsResult"] = self._logprobs(said.tokens, shown)
        return candidate

    def _logprobs(self, tokens: list[Chosen], shown: Round) -> dict[str, Any]:
        def scored(some: Chosen | Scored) -> dict[str, Any]:
            name = self.tokens.token_text(some.token) or self.tokens.vocabulary[some.token]
            return {"token": name, "tokenId": some.token, "logProbability": shown(some.logprob)}

        return {
            "chosenCandidates": [scored(token) for token in tokens],
            "topCandidates": [{"candidates": [*map(scored, t.alternatives)]} for t in tokens],
        }


def _call(call: Call) -> dict[str, Any]:
    return {"functionCall": {"name": call.name, "args": json.loads(call.arguments)}}


class _GenerateStream(Stream):
    """Keeps the last part of each candidate back, so that the last of all has the usage."""

    def __init__(
        self, dialect: GeminiGenerate, request: ChatRequest, generation: Generating, shown: Round
    ) -> None:
        self.id = secrets.token_hex(12)
        self._dialect = dialect
        self._request = request
        self._generation = generation
        self._shown = shown
        self._last: dict[int, Said] = {}

    def add(self, emission: Emission) -> Iterable[bytes]:
        said = Said()
        said.add(emission)
        if emission.finish:
            self._last[emission.choice] = said
        else:
            yield self._part({emission.choice: said})

    def end(self) -> Iterable[bytes]:
        usage = self._dialect.usage(self._generation)
        yield self._part(dict(sorted(self._last.items())), usageMetadata=usage)

    def fail(self, message: str) -> Iterable[bytes]:
        yield event(self._dialect.error(500, message))

    def _part(self, said: Mapping[int, Said], **members: Any) -> bytes:
        content = self._dialect.content(self._request, said, self._shown)
        named = {"modelVersion": self._request.model, "responseId": self.id}
        return event({**content, **members, **named})
