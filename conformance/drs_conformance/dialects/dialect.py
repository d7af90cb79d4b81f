"""A dialect: how chat requests are written, sent and authorised, and how answers are read."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from drs_conformance.dialects.abilities import Abilities, Inexpressible
from drs_conformance.dialects.neutral import ChatAnswer, ChatRequest, MalformedAnswer
from drs_conformance.ledger import BEARER, CredentialField, Exchange, Headers, WireRequest
from drs_conformance.specification.pointers import split

__all__ = ["Dialect", "filled"]


def filled(path: str, model: str) -> str:
    """Return the path of a declared surface with the name of a model in place of `{model}`."""
    return path.replace("{model}", quote(model, safe=""))


class Dialect(ABC):
    """A way of writing chat requests and answers.

    `name` is that of target files. `path_below` follows the path of the base URL; `{model}` in it
    stands for the name of the model. `members` are JSON Pointers to parameters that are not called
    as in `ChatRequest`.
    """

    name: str
    path_below: str
    abilities: Abilities
    headers: Headers = ()
    credential: CredentialField = BEARER
    members: Mapping[str, str] = MappingProxyType({})

    @property
    def declared_as(self) -> str:
        """Name in declarations."""
        return self.name

    def calls(self, parameter: str) -> frozenset[str]:
        """Return what a problem may call a parameter: its member, with those around it or not."""
        parts = split(self.members.get(parameter, f"/{parameter}"))
        return frozenset({".".join(parts), parts[-1]})

    def place(self, path: str, model: str, *, stream: bool = False) -> str:
        """Return the path that a request to a surface at `path` is posted to."""
        return filled(path, model)

    @abstractmethod
    def body(self, request: ChatRequest, model: str) -> dict[str, object]:
        """Return the body of a request that the dialect can express, as a JSON value."""

    @abstractmethod
    def whole(self, exchange: Exchange) -> ChatAnswer:
        """Read the body of a success. Raises `MalformedAnswer`."""

    @abstractmethod
    def streamed(self, exchange: Exchange) -> ChatAnswer:
        """Read the stream of a success, which has to be complete. Raises `MalformedAnswer`."""

    def encode(
        self, request: ChatRequest, model: str, path: str, persona: str | None = None
    ) -> WireRequest:
        """Return a request to a surface at `path`; `max_tokens` is reserved for each choice.

        Raises:
            Inexpressible: the dialect cannot say what the request asks for.
            ValueError: a number that JSON does not know.

        """
        missing = self.abilities.missing(request)
        if missing is not None:
            raise Inexpressible(self.name, *missing)
        body = {**self.body(request, model), **request.extra}
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return WireRequest(
            method="POST",
            path=self.place(path, model, stream=request.stream),
            persona=persona,
            headers=(("Content-Type", "application/json"), *self.headers),
            body=text.encode("utf-8"),
            output_tokens=request.max_tokens * (request.n or 1),
            credential=self.credential,
        )

    def decode(self, exchange: Exchange, stream: bool) -> ChatAnswer:
        """Read an answer.

        Raises:
            MalformedAnswer: it is not a success of this dialect, in the form (streamed or not)
                that was asked for.

        """
        if exchange.fault is not None:
            fault = exchange.fault
            raise MalformedAnswer(f"there is no response: {fault.kind}, {fault.detail}")
        if exchange.status != 200:
            raise MalformedAnswer(f"expected status 200, got {exchange.status}")
        return self.streamed(exchange) if stream else self.whole(exchange)
