"""What every dialect does: read requests, write answers, streams and errors."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from starlette.requests import Request

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.limiter import Quota
from drs_reference.gateway.problems import Problem
from drs_reference.gateway.sampling import Emission, Generating, Tokens

__all__ = ["Dialect", "Round", "Stream", "event"]

Round = Callable[[float], float]
"""How a log-probability is shown (the exposure rules)."""


def event(document: Mapping[str, Any], name: str | None = None) -> bytes:
    """A server-sent event, of a type where there is a ``name``."""
    kind = b"" if name is None else f"event: {name}\n".encode()
    return kind + b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"


class Stream(ABC):
    """An answer in the making, as server-sent events; ``id`` names the answer."""

    id: str

    def begin(self) -> Iterable[bytes]:
        """What is sent before anything is generated."""
        return ()

    @abstractmethod
    def add(self, emission: Emission) -> Iterable[bytes]:
        """The events of the next emission."""

    @abstractmethod
    def end(self) -> Iterable[bytes]:
        """The events after the last emission."""

    @abstractmethod
    def fail(self, message: str) -> Iterable[bytes]:
        """The events that end a stream which cannot be completed."""


class Dialect(ABC):
    """Reads and writes one dialect. Nothing that an account may or may not do is decided here.

    ``id_member`` names an answer; ``id_field`` is the header field with the name of the request,
    beside ``x-request-id``; ``key_fields`` are header fields for a key, beside ``Authorization``.
    """

    name: ClassVar[str]
    id_member: ClassVar[str] = "id"
    id_field: ClassVar[str | None] = None
    key_fields: ClassVar[tuple[str, ...]] = ()
    streams_at: ClassVar[tuple[str, str] | None] = None
    """Where streams have a path of their own: what to replace in the path, and by what."""
    parameters: ClassVar[Mapping[str, str]] = {}
    """What the dialect calls a parameter that is out of bounds, where it has its own name."""

    def __init__(self, tokens: Tokens, models: tuple[str, ...]) -> None:
        self.tokens = tokens
        self.models = models

    @abstractmethod
    def parse(self, body: Mapping[str, Any]) -> ChatRequest:
        """A request. Raises ``BodyError``."""

    @abstractmethod
    def completion(
        self,
        request: ChatRequest,
        emissions: Iterable[Emission],
        generation: Generating,
        shown: Round,
        created: int,
    ) -> dict[str, Any]:
        """The answer to a request that is not streamed; ``created`` in Unix seconds."""

    @abstractmethod
    def stream(
        self, request: ChatRequest, generation: Generating, shown: Round, created: int
    ) -> Stream:
        """The answer to a request that is streamed."""

    @abstractmethod
    def error(
        self, status: int, message: str, param: str | None = None, code: str | None = None
    ) -> dict[str, Any]:
        """The body of an error; its member ``error`` is the dialect's error object."""

    def addressed(self, body: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
        """The body with what the address of the request says. Raises ``BodyError``."""
        return body

    def named(self, error: dict[str, Any], request_id: str) -> dict[str, Any]:
        """The body of an error to a request of that name."""
        return error

    def keys(self, request: Request) -> list[str]:
        """All keys that a request presents, each as an ``Authorization`` value."""
        fields = [value for name in self.key_fields for value in request.headers.getlist(name)]
        return request.headers.getlist("authorization") + [f"Bearer {key}" for key in fields]

    def rate_limits(self, quota: Quota, now: datetime) -> Mapping[str, str]:
        """The dialect's own header fields for a quota, beside those of the standard."""
        return {}

    def with_error(self, problem: Problem) -> Problem:
        """A problem that also carries the error object of the dialect.

        The rest of the dialect's body gives way: RFC 9457 has its own ``type`` and ``status``.
        """
        parameter = problem.members.get("parameter")
        code = problem.type.rpartition("#")[2].replace("-", "_") or None
        error = self.error(problem.status, problem.detail, parameter, code)["error"]
        return replace(problem, members={**problem.members, "error": error})
