"""Dialects that a document describes, held against the built-in ones and an invented one."""

import json
from pathlib import Path

import pytest
from drs_conformance.dialects import (
    ChatRequest,
    Choice,
    Inexpressible,
    MalformedAnswer,
    dialect,
)
from drs_conformance.specification.location import schema_folder
from recorded_answers import (
    CHAT,
    CHAT_EVENTS,
    MESSAGE,
    MESSAGE_EVENTS,
    STREAM,
    stream_of,
)

EXAMPLES: Path = schema_folder("0.1") / "examples" / "valid" / "dialect"
DONE = "data: [DONE]\n\n"
REFUSED = {
    **MESSAGE,
    "content": [],
    "stop_reason": "refusal",
    "stop_details": {"category": "frontier_llm", "explanation": "Not that."},
}


def described(name):
    document = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return dialect(document["name"], document)


def told(answer):
    return answer.model, answer.id, answer.choices, answer.usage, answer.raw


@pytest.mark.parametrize(
    ("name", "built_in", "body"),
    [
        ("chat-completions", "openai_chat", CHAT),
        ("messages", "anthropic_messages", MESSAGE),
        ("messages", "anthropic_messages", REFUSED),
        ("chat-completions", "openai_chat", stream_of(CHAT_EVENTS, DONE)),
        ("messages", "anthropic_messages", stream_of(MESSAGE_EVENTS)),
    ],
)
def test_a_description_reads_what_the_built_in_dialect_reads(exchange, name, built_in, body):
    stream = isinstance(body, bytes)
    seen = exchange(body, media_type=STREAM if stream else "application/json")
    ours = described(name).decode(seen, stream)
    assert told(ours) == told(dialect(built_in).decode(seen, stream))


@pytest.mark.parametrize(
    ("name", "built_in", "members"),
    [
        ("chat-completions", "openai_chat", {}),
        (
            "chat-completions",
            "openai_chat",
            {
                "temperature": 0.5, "top_p": 0.9, "seed": 1, "n": 2, "logprobs": True,
                "top_logprobs": 3, "logit_bias": {5: 1.0}, "stop": ("a",), "stream": True,
                "user": "u", "extra": {"echo": True},
            },
        ),
        (
            "messages",
            "anthropic_messages",
            {"temperature": 0.5, "stop": ("a",), "stream": True, "user": "u"},
        ),
    ],
)  # fmt: skip
def test_a_description_asks_what_the_built_in_dialect_asks(name, built_in, members):
    request = ChatRequest((("system", "Be brief."), ("user", "Hé")), 7, **members)
    ours, known = (
        spoken.encode(request, "m", "/v1" + spoken.path_below, "control")
        for spoken in (described(name), dialect(built_in))
    )
    assert json.loads(ours.body) == json.loads(known.body)
    assert (ours.path, ours.headers, ours.credential, ours.output_tokens) == (
        known.path, known.headers, known.credential, known.output_tokens
    )  # fmt: skip


def test_an_invented_dialect_is_asked_in_its_own_words():
    spoken = described("invented")
    request = ChatRequest(
        (("system", "Be brief."), ("user", "Hé"), ("assistant", "Hm.")), 7, 0.5, seed=3, stream=True
    )
    wire = spoken.encode(request, "a b", "/v1" + spoken.path_below, "control")
    assert wire.path == "/v1/engines/a%20b/say-slowly?form=events"
    assert (wire.credential.name, wire.credential.prefix) == ("X-Ticket", "Seat ")
    assert json.loads(wire.body) == {
        "mood": {"kind": "plain", "heat": 0.5, "dice": 3},
        "talk": {
            "turns": [
                {"who": "house", "words": ["Be brief."]},
                {"who": "guest", "words": ["Hé"]},
                {"who": "host", "words": ["Hm."]},
            ],
            "longest": 7,
        },
    }
    with pytest.raises(Inexpressible, match="parlour has no log-probabilities"):
        spoken.encode(ChatRequest((), 7, logprobs=True), "m", "/")
    with pytest.raises(Inexpressible, match="parlour has no tools"):
        spoken.encode(ChatRequest((), 7, tools=("t",)), "m", "/")


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({}, "/said/words", "expected text, got nothing"),
        ({"said": {"words": 5}}, "/said/words", "expected text"),
        ({"said": {"words": "Hi", "why": 5}}, "/said/why", "expected text"),
        ([], "", "expected an object"),
    ],
)
def test_an_answer_of_another_shape_is_told_with_its_place(exchange, body, pointer, words):
    with pytest.raises(MalformedAnswer, match=words) as caught:
        described("invented").decode(exchange(body), stream=False)
    assert caught.value.pointer == pointer


def test_a_stream_without_a_last_event_ends_with_its_finish_reason(exchange):
    spoken = described("invented")
    events = [{"words": "Hi"}, {"words": " you", "why": "long"}]
    whole = exchange(stream_of(events), media_type=STREAM)
    assert spoken.decode(whole, stream=True).choices == (Choice(0, "Hi you", "length", ()),)
    cut = exchange(stream_of(events[:1]), media_type=STREAM)
    with pytest.raises(MalformedAnswer, match="before each choice had a finish reason"):
        spoken.decode(cut, stream=True)


@pytest.mark.parametrize("name", ["chat-completions", "messages"])
def test_a_stream_that_breaks_off_is_no_answer(exchange, name):
    events, end = (CHAT_EVENTS, DONE) if name == "chat-completions" else (MESSAGE_EVENTS, "")
    whole = stream_of(events, end)
    pieces = whole.split(b"\n\n")
    for kept in range(len(pieces) - 1):
        body = b"".join(piece + b"\n\n" for piece in pieces[:kept])
        with pytest.raises(MalformedAnswer):
            described(name).decode(exchange(body, media_type=STREAM), stream=True)
    broken = stream_of([{"error": {"message": "overloaded"}}], end)
    with pytest.raises(MalformedAnswer, match="overloaded"):
        described(name).decode(exchange(broken, media_type=STREAM), stream=True)


@pytest.mark.parametrize(
    ("changed", "value", "pointer"),
    [
        ("index", 0, "/choices/1"),
        ("index", "0", "/choices/1/index"),
        ("logprobs", {"content": [{"token": "Hi"}]}, "/choices/1/logprobs/content/0/logprob"),
        ("logprobs", {"content": [{"logprob": -1}]}, "/choices/1/logprobs/content/0/token"),
        ("logprobs", {"content": "Hi"}, "/choices/1/logprobs/content"),
    ],
)
def test_choices_and_tokens_are_read_strictly(exchange, changed, value, pointer):
    first, second = CHAT["choices"][1], CHAT["choices"][0]
    body = {**CHAT, "choices": [first, {**second, changed: value}]}
    with pytest.raises(MalformedAnswer) as caught:
        described("chat-completions").decode(exchange(body), stream=False)
    assert caught.value.pointer == pointer
