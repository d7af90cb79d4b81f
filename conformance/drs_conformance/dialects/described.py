"""A dialect that a document of the schema `dialect` describes, by pointers into bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_conformance.dialects.abilities import Abilities
from drs_conformance.dialects.described_answers import Reader
from drs_conformance.dialects.dialect import Dialect
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest, MalformedAnswer
from drs_conformance.dialects.reading import document, events
from drs_conformance.ledger import BEARER, CredentialField, Exchange
from drs_conformance.specification.pointers import put

__all__ = ["Described"]

_BOUNDED = ("top_logprobs", "n")
_SIMPLE = ("top_p", "seed", "n", "logit_bias", "stop", "user")


class Described(Dialect):
    """A dialect after its description."""

    declared_as = "other"

    def __init__(self, description: Mapping[str, Any]) -> None:
        """Take a document that is valid under the schema `dialect`."""
        self._request: Mapping[str, Any] = description["request"]
        self._answer: Mapping[str, Any] = description["answer"]
        self._stream: Mapping[str, Any] | None = description.get("stream")
        self._reasons: Mapping[str, str] = description.get("finish_reasons", {})
        self._stream_path: str | None = description.get("stream_path")
        self.name = description["name"]
        self.path_below = description["path"]
        self.headers = tuple(description.get("headers", {}).items())
        carrier = description.get("credential")
        self.credential = (
            BEARER
            if carrier is None
            else CredentialField(carrier["field"], carrier.get("prefix", ""))
        )
        self.members = {name: place for name, place in self._request.items() if name in _BOUNDED}
        has = {name for name in _SIMPLE if name in self._request}
        if "top_logprobs" in self._request and "tokens" in self._answer:
            has.add("logprobs")
        if self._stream is not None:
            has.add("stream")
        self.abilities = Abilities(frozenset(has), description.get("temperature_max", 2.0))

    def place(self, path: str, model: str, *, stream: bool = False) -> str:
        """Return the path; that of streams lies beside the other, below the same base."""
        if stream and self._stream_path is not None:
            path = path.removesuffix(self.path_below) + self._stream_path
        return super().place(path, model)

    def body(self, request: ChatRequest, model: str) -> dict[str, object]:
        """Return the body of a request; parameters that are None are left out."""
        spoken, system = self._messages(request)
        has_logprobs = request.logprobs or request.top_logprobs is not None
        values: dict[str, object] = {
            "model": model,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
            "n": request.n,
            "logprobs": request.logprobs or None,
            "top_logprobs": (request.top_logprobs or 0) if has_logprobs else None,
            "logit_bias": request.logit_bias and {str(k): v for k, v in request.logit_bias.items()},
            "stop": list(request.stop) or None,
            "stream": request.stream or None,
            "user": request.user,
        }
        body: dict[str, object] = {}
        for constant in self._request.get("constants", ()):
            put(body, constant["at"], constant["value"])
        put(body, self._request["messages"]["at"], spoken)
        if system:
            put(body, self._request["messages"]["system"], system)
        for name, value in values.items():
            if value is not None and name in self._request:
                put(body, self._request[name], value)
        return body

    def _messages(self, request: ChatRequest) -> tuple[list[object], str]:
        """Return the messages, and what the system says apart from them."""
        form = self._request["messages"]
        roles: Mapping[str, str] = form.get("roles", {})
        messages: list[object] = []
        apart: list[str] = []
        for role, said in request.messages:
            if role == "system" and "system" in form:
                apart.append(said)
                continue
            message: dict[str, object] = {}
            put(message, form["role"], roles.get(role, role))
            put(message, form["text"], said)
            messages.append(message)
        return messages, "\n\n".join(apart)

    def whole(self, exchange: Exchange) -> ChatAnswer:
        """Read a body."""
        reader = Reader(self._answer, self._reasons)
        body = document(exchange)
        reader.take(body, "", is_whole=True)
        return reader.answer(exchange, body)

    def streamed(self, exchange: Exchange) -> ChatAnswer:
        """Read the events of a stream."""
        assert self._stream is not None  # a stream is asked for only where one is described
        end: Mapping[str, str] = self._stream.get("end", {})
        received = events(exchange, end.get("data"))
        reader = Reader(self._stream, self._reasons)
        for position, event in enumerate(received):
            pointer = f"/{position}"
            reader.require_no_error(event, pointer)
            reader.take(event, pointer, is_whole=False)
            if reader.ends(event, pointer):
                if position + 1 != len(received):
                    raise MalformedAnswer("events follow the last one", f"/{position + 1}")
                return reader.answer(exchange, received)
        if "at" in end:
            reason = f"the stream ended without {end['at']} being {end['equals']!r}"
            raise MalformedAnswer(reason, f"/{len(received)}")
        if not end:
            reader.require_finished(f"/{len(received)}")
        return reader.answer(exchange, received)
