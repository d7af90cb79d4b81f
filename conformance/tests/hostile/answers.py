"""Answers that look like a chat completion and are none."""

from __future__ import annotations

import json
import socket
from typing import Any

from raw_server import Answer, Answers, Seen

response, raw = Answers.response, Answers.raw
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
STREAM = "text/event-stream"


def completion(**changes: Any) -> bytes:
    """Return the body of a completion."""
    return json.dumps({"id": "c", "model": "m", "choices": [CHOICE], **changes}).encode()


def _choice(**changes: Any) -> Answer:
    return response(completion(choices=[{**CHOICE, **changes}]))


def _logprobs(*values: object) -> Answer:
    """Return a first token with these log-probabilities for itself and its alternatives."""
    found = [{"token": chr(97 + n), "logprob": value} for n, value in enumerate(values)]
    return _choice(logprobs={"content": [{**found[0], "top_logprobs": found}]})


def _stream(*events: object, end: bytes = b"data: [DONE]\n\n") -> Answer:
    lines = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
    return response(lines + end, media_type=STREAM)


def _delta(index: int = 0, **changes: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": {"content": "x"}, "finish_reason": None, **changes}
    return {"id": "c", "model": "m", "choices": [choice]}


def _late() -> Answer:
    """Answer each request with what the one before it asked for."""
    before: list[bytes] = [b""]

    def answer(connection: socket.socket, seen: Seen) -> object:
        asked, before[0] = before[0].decode("utf-8", "replace"), seen.body
        message = {"role": "assistant", "content": f"You asked {asked}"}
        return response(completion(choices=[{**CHOICE, "message": message}]))(connection, seen)

    return answer


def _dated(date: str) -> Answer:
    return response(completion(), headers=(("Date", date), ("Age", "-1")))


CHAT: dict[str, Answer] = {
    "stream without an end": response(b'data: {"choices": []}\n\n', media_type=STREAM),
    "stream without a terminator": _stream(*[_delta()] * 3, end=b""),
    "stream whose last line has no end": _stream(_delta(), end=b"data: [DONE]"),
    "stream of one line of a megabyte": response(b"data: " + b"x" * 1_000_000, media_type=STREAM),
    "stream of comments": response(b": ping\n\n" * 100_000, media_type=STREAM),
    "stream that goes on after its end": _stream(
        _delta(), end=b"data: [DONE]\n\ndata: {}\n\ndata: [DONE]\n\n"
    ),
    "stream with an error inside": _stream(_delta(), {"error": {"message": "overloaded"}}),
    "stream that is not JSON": response(b"data: {'a': 1}\n\ndata: [DONE]\n\n", media_type=STREAM),
    "stream with a choice that nobody asked for": _stream(_delta(index=77)),
    "stream with indices that are none": _stream(_delta(index=-1), _delta(index=10**30)),
    "stream of a hundred thousand events": _stream(*[_delta()] * 20_000),
    "choices of the wrong type": response(completion(choices="none")),
    "no choices": response(completion(choices=[])),
    "choices that are null": response(completion(choices=[None])),
    "ten thousand choices": response(completion(choices=[CHOICE] * 10_000)),
    "the same choice twice": response(completion(choices=[CHOICE, CHOICE])),
    "an index below zero": _choice(index=-1),
    "content of the wrong type": _choice(message={"role": "assistant", "content": 7}),
    "content of three megabytes": _choice(
        message={"role": "assistant", "content": "x" * 3_000_000}
    ),
    "logprobs that are no numbers": _logprobs("low"),
    "logprobs above zero": _logprobs(3.5, 0.1),
    "logprobs that sum to five": _logprobs(0.0, 0.0, 0.0, 0.0, 0.0),
    "logprobs of -1e308": _logprobs(-1e308, -1.7e308),
    "logprobs that are null": _logprobs(None),
    "logprobs of another answer": _choice(
        logprobs={"content": [{"token": "zebra", "logprob": -0.1, "top_logprobs": []}] * 9}
    ),
    "usage below zero": response(completion(usage={"prompt_tokens": -1, "completion_tokens": -9})),
    "usage beyond all": response(completion(usage={"completion_tokens": 10**30})),
    "ids that repeat": response(completion(), headers=(("X-Request-Id", "always-the-same"),)),
    "another model": response(completion(model="somebody-elses")),
    "an error with 200": response(b'{"error": {"message": "no", "type": "server_error"}}'),
    "answers to the request before": _late(),
    "a clock in 1970": _dated("Thu, 01 Jan 1970 00:00:00 GMT"),
    "a clock in 2099": _dated("Thu, 01 Jan 2099 00:00:00 GMT"),
    "a date that is none": _dated("Someday, 99 Foo 0000 99:99:99 GMT"),
    "a plain answer to everything": response(completion()),
}
