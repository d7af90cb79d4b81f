"""The Gemini dialect: `POST {base}/models/{model}:generateContent`.

Streams are at `:streamGenerateContent?alt=sse`. Source: the API reference of 2026 (v1beta), of
which only what the standard bears on is read. Members that are not known here are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from types import MappingProxyType

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
from drs_conformance.dialects.reading import (
    count_or_none,
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
from drs_conformance.ledger import CredentialField, Exchange

__all__ = ["GeminiGenerate"]

_ROLES = {"assistant": "model"}
_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"}
_DECLINED = frozenset(
    {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"}
)
_PLAIN, _STREAMED = ":generateContent", ":streamGenerateContent"


class GeminiGenerate(Dialect):
    """The dialect `gemini_generate`."""

    name = "gemini_generate"
    path_below = "/models/{model}" + _PLAIN
    abilities = Abilities(
        frozenset({"top_p", "seed", "n", "logprobs", "stop", "stream", "schema", "tools"})
    )
    credential = CredentialField("x-goog-api-key")
    members = MappingProxyType(
        {"top_logprobs": "/generationConfig/logprobs", "n": "/generationConfig/candidateCount"}
    )

    def place(self, path: str, model: str, *, stream: bool = False) -> str:
        """Return the path, which for streams is another."""
        plain = super().place(path, model)
        if not stream:
            return plain
        return f"{plain.removesuffix(_PLAIN)}{_STREAMED}?alt=sse"

    def body(self, request: ChatRequest, model: str) -> dict[str, object]:
        """Return the body of a request; the model is named in the path."""
        has_schema = request.schema is not None
        settings: dict[str, object] = {
            "maxOutputTokens": request.max_tokens,
            "temperature": request.temperature,
            "topP": request.top_p,
            "seed": request.seed,
            "candidateCount": request.n,
            "stopSequences": list(request.stop) or None,
            "responseLogprobs": request.logprobs or None,
            "logprobs": request.top_logprobs,
            "responseMimeType": "application/json" if has_schema else None,
            "responseJsonSchema": None if request.schema is None else dict(request.schema),
        }
        system = [{"text": said} for role, said in request.messages if role == "system"]
        optional: dict[str, object] = {
            "systemInstruction": {"parts": system} if system else None,
            "tools": _tools(request),
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}} if request.tools else None,
        }
        return {
            "contents": [
                {"role": _ROLES.get(role, role), "parts": [{"text": said}]}
                for role, said in request.messages
                if role != "system"
            ],
            "generationConfig": {k: value for k, value in settings.items() if value is not None},
            **{name: value for name, value in optional.items() if value is not None},
        }

    def whole(self, exchange: Exchange) -> ChatAnswer:
        """Read a response."""
        body = document(exchange)
        reading = _Reading()
        reading.take(body, "")
        return reading.answer(exchange, body)

    def streamed(self, exchange: Exchange) -> ChatAnswer:
        """Read the responses of a stream, which is complete when each candidate has finished."""
        received = events(exchange)
        reading = _Reading()
        for position, event in enumerate(received):
            require_no_error(event, f"/{position}")
            reading.take(event, f"/{position}")
        if any(part.finish is None for part in reading.parts.values()):
            raise MalformedAnswer(
                "the stream ended before each candidate had a finishReason", f"/{len(received)}"
            )
        return reading.answer(exchange, received)


def _tools(request: ChatRequest) -> list[dict[str, object]] | None:
    functions = [
        {
            "name": tool.name,
            "description": tool.description,
            "parametersJsonSchema": dict(tool.parameters),
        }
        for tool in request.tools
    ]
    return [{"functionDeclarations": functions}] if functions else None


class _Candidate:
    """A candidate while its parts come in."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens: list[TokenLogprob] = []
        self.calls: list[ToolCall] = []
        self.finish: str | None = None
        self.message = ""

    def take(self, entry: dict[str, object], pointer: str) -> None:
        """Take in a candidate, or the next part of one."""
        content = entry.get("content")
        if content is not None:
            place = f"{pointer}/content"
            parts = to_object(content, place).get("parts")
            for part, where in objects(parts, f"{place}/parts"):
                self._take_part(part, where)
        reported = entry.get("logprobsResult")
        if reported is not None:
            place = f"{pointer}/logprobsResult"
            self.tokens.extend(_tokens(to_object(reported, place), place))
        finish = text_or_none(entry.get("finishReason"), f"{pointer}/finishReason")
        self.finish = finish or self.finish
        self.message += text_or_empty(entry.get("finishMessage"), f"{pointer}/finishMessage")

    def _take_part(self, part: dict[str, object], pointer: str) -> None:
        if "functionCall" in part:
            place = f"{pointer}/functionCall"
            call = to_object(part["functionCall"], place)
            given = call.get("args")
            arguments = {} if given is None else to_object(given, f"{place}/args")
            name = text(call.get("name"), f"{place}/name")
            self.calls.append(ToolCall(name, json.dumps(arguments, ensure_ascii=False)))
        elif "text" in part:
            said = text(part["text"], f"{pointer}/text")
            # A part with `thought` is the model's reasoning and no part of the answer.
            self.text += "" if part.get("thought") is True else said

    def choice(self, index: int) -> Choice:
        """Return the candidate as a choice."""
        finish, refusal = self.finish, None
        if finish in _DECLINED:
            finish, refusal = "content_filter", self.message or finish
        elif finish == "STOP" and self.calls:
            finish = "tool_calls"
        elif finish is not None:
            finish = _REASONS.get(finish, finish)
        tokens, calls = tuple(self.tokens), tuple(self.calls)
        return Choice(index, self.text, finish, tokens, calls, refusal)


class _Reading:
    """A response while it is read."""

    def __init__(self) -> None:
        self.parts: dict[int, _Candidate] = {}
        self._model = ""
        self._id = ""
        self._usage: Usage | None = None
        self._blocked: str | None = None

    def take(self, body: dict[str, object], pointer: str) -> None:
        """Take in a response, or one of a stream."""
        model = text_or_empty(body.get("modelVersion"), f"{pointer}/modelVersion")
        self._model = self._model or model
        self._id = self._id or text_or_empty(body.get("responseId"), f"{pointer}/responseId")
        self._usage = _usage(body.get("usageMetadata"), f"{pointer}/usageMetadata") or self._usage
        feedback = body.get("promptFeedback")
        if feedback is not None:
            place = f"{pointer}/promptFeedback"
            reason = to_object(feedback, place).get("blockReason")
            self._blocked = text_or_none(reason, f"{place}/blockReason") or self._blocked
        for entry, place in objects(body.get("candidates"), f"{pointer}/candidates"):
            # proto3 leaves out an index of 0.
            index = count_or_none(entry.get("index"), f"{place}/index") or 0
            if index in self.parts and pointer == "":
                raise MalformedAnswer("expected candidates with different indices", place)
            self.parts.setdefault(index, _Candidate()).take(entry, place)

    def answer(self, exchange: Exchange, raw: object) -> ChatAnswer:
        """Return the answer; a prompt that was blocked has one choice, which declines."""
        choices = [part.choice(index) for index, part in self.parts.items()]
        if not choices and self._blocked is not None:
            choices = [Choice(0, "", "content_filter", (), (), self._blocked)]
        in_turn = in_order(choices, "/candidates")
        return ChatAnswer(exchange, self._model, in_turn, self._usage, raw, self._id)


def _tokens(result: dict[str, object], pointer: str) -> Iterator[TokenLogprob]:
    chosen = objects(result.get("chosenCandidates"), f"{pointer}/chosenCandidates")
    listed = objects(result.get("topCandidates"), f"{pointer}/topCandidates")
    for token, alternatives in zip_longest(chosen, listed):
        if token is None:
            raise MalformedAnswer("expected a chosen candidate for each position", pointer)
        others: tuple[tuple[str, float], ...] = ()
        if alternatives is not None:
            entry, place = alternatives
            named = objects(entry.get("candidates"), f"{place}/candidates")
            others = tuple(_pair(other, where) for other, where in named)
        yield TokenLogprob(*_pair(*token), alternatives=others)


def _pair(entry: dict[str, object], pointer: str) -> tuple[str, float]:
    return (
        text(entry.get("token"), f"{pointer}/token"),
        number(entry.get("logProbability"), f"{pointer}/logProbability"),
    )


def _usage(value: object, pointer: str) -> Usage | None:
    if value is None:
        return None
    entry = to_object(value, pointer)
    # proto3 leaves out counts of 0; what the model thought is billed as output.
    given, made, thought = (
        count_or_none(entry.get(name), f"{pointer}/{name}") or 0
        for name in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    )
    return Usage(given, made + thought)
