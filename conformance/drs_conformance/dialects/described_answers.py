"""Reading the answers of a described dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from drs_conformance.dialects.neutral import (
    ChatAnswer,
    Choice,
    MalformedAnswer,
    TokenLogprob,
    Usage,
)
from drs_conformance.dialects.places import find
from drs_conformance.dialects.reading import (
    count,
    in_order,
    number,
    objects,
    text,
    text_or_empty,
    text_or_none,
)
from drs_conformance.ledger import Exchange

__all__ = ["Reader"]

_SHOWN_CHARACTERS = 120


class _Part:
    """A choice while it is read."""

    def __init__(self) -> None:
        self.text = ""
        self.refusal = ""
        self.finish: str | None = None
        self.tokens: list[TokenLogprob] = []

    def choice(self, index: int, reasons: Mapping[str, str]) -> Choice:
        """Return the choice; who is cut off by a filter declines."""
        finish = None if self.finish is None else reasons.get(self.finish, self.finish)
        refusal = self.refusal
        if finish == "content_filter":
            refusal = refusal or self.text or finish
        return Choice(index, self.text, finish, tuple(self.tokens), (), refusal or None)


class Reader:
    """Takes in a body, or the events of a stream, by the pointers of a description."""

    def __init__(self, places: Mapping[str, Any], reasons: Mapping[str, str]) -> None:
        """Take the member `answer` or `stream` of a description, and its finish reasons."""
        self._places = places
        self._reasons = reasons
        self._parts: dict[int, _Part] = {}
        self._model = ""
        self._id = ""
        self._counts: dict[str, int] = {}

    def take(self, body: dict[str, object], at: str, *, is_whole: bool) -> None:
        """Take in a body, or an event; a whole body has to have every text that is described."""
        for value, place in self._found("model", body, at):
            self._model = self._model or text(value, place)
        for value, place in self._found("id", body, at):
            self._id = self._id or text_or_empty(value, place)
        for name, pointer in self._places.get("usage", {}).items():
            for value, place in find(body, pointer, at):
                if value is not None:
                    self._counts[name] = count(value, place)
        for position, (choice, place) in enumerate(self._choices(body, at)):
            self._take_choice(position, choice, place, is_whole=is_whole)

    def answer(self, exchange: Exchange, raw: object) -> ChatAnswer:
        """Return the answer."""
        if "model" in self._places and not self._model:
            place = self._places["model"]
            raise MalformedAnswer("expected the name of the model, got none", place)
        usage = None
        if len(self._counts) == 2:
            usage = Usage(**self._counts)
        choices = [part.choice(index, self._reasons) for index, part in self._parts.items()]
        in_turn = in_order(choices, self._places.get("choices", ""))
        return ChatAnswer(exchange, self._model, in_turn, usage, raw, self._id)

    def ends(self, event: dict[str, object], at: str) -> bool:
        """Tell whether an event is the last of its stream."""
        end: Mapping[str, str] = self._places.get("end", {})
        found = find(event, end["at"], at) if "at" in end else ()
        return any(value == end["equals"] for value, _ in found)

    def require_no_error(self, event: dict[str, object], at: str) -> None:
        """Raise `MalformedAnswer` for an event that reports an error."""
        for value, place in self._found("error", event, at):
            if value is not None:
                said = json.dumps(value, ensure_ascii=False)[:_SHOWN_CHARACTERS]
                raise MalformedAnswer(f"the stream broke off with an error: {said}", place)

    def require_finished(self, at: str) -> None:
        """Raise `MalformedAnswer` unless each choice has its finish reason."""
        if any(part.finish is None for part in self._parts.values()):
            raise MalformedAnswer("the stream ended before each choice had a finish reason", at)

    def _choices(self, body: dict[str, object], at: str) -> Iterator[tuple[dict[str, object], str]]:
        if "choices" not in self._places:
            yield body, at
            return
        for value, place in self._found("choices", body, at):
            yield from objects(value, place)

    def _take_choice(
        self, position: int, choice: dict[str, object], at: str, *, is_whole: bool
    ) -> None:
        index = position
        for value, place in self._found("index", choice, at):
            index = count(value, place)
        if is_whole and index in self._parts:
            raise MalformedAnswer("expected choices with different indices", at)
        part = self._parts.setdefault(index, _Part())
        said = list(self._found("text", choice, at))
        if is_whole and not said and "*" not in self._places["text"]:
            raise MalformedAnswer("expected text, got nothing", at + self._places["text"])
        part.text += "".join(text_or_empty(value, place) for value, place in said)
        for value, place in self._found("refusal", choice, at):
            part.refusal += text_or_empty(value, place)
        for value, place in self._found("finish_reason", choice, at):
            part.finish = text_or_none(value, place) or part.finish
        if "tokens" in self._places:
            part.tokens.extend(self._tokens(choice, at))

    def _tokens(self, choice: dict[str, object], at: str) -> Iterator[TokenLogprob]:
        form: Mapping[str, str] = self._places["tokens"]
        for listed, place in find(choice, form["at"], at):
            for entry, where in objects(listed, place):
                alternatives = tuple(
                    self._pair(other, spot)
                    for value, inner in find(entry, form["alternatives"], where)
                    for other, spot in objects(value, inner)
                )
                yield TokenLogprob(*self._pair(entry, where), alternatives)

    def _pair(self, entry: dict[str, object], at: str) -> tuple[str, float]:
        form: Mapping[str, str] = self._places["tokens"]
        token, logprob = (
            next(find(entry, form[name], at), (None, at + form[name]))
            for name in ("token", "logprob")
        )
        return text(*token), number(*logprob)

    def _found(self, name: str, value: object, at: str) -> Iterator[tuple[object, str]]:
        """Yield what the pointer `name` finds; nothing where there is no such pointer."""
        if name in self._places:
            yield from find(value, self._places[name], at)
