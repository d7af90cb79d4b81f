"""The chat dialect: what is asked, what is read, and that nothing else than an answer is read."""

import copy
import json

import pytest
from drs_conformance.dialects import (
    ChatAnswer,
    ChatRequest,
    Choice,
    MalformedAnswer,
    TokenLogprob,
    Tool,
    ToolCall,
    UnknownDialect,
    Usage,
    dialect,
)
from hypothesis import given, settings
from hypothesis import strategies as st

CHAT = dialect("openai_chat")
TOKEN = {
    "token": "Hi",
    "logprob": -0.25,
    "bytes": [72, 105],
    "top_logprobs": [{"token": "Hi", "logprob": -0.25}, {"token": "Oh", "logprob": -2}],
}
ANSWER = {
    "id": "c-1",
    "object": "chat.completion",
    "model": "model-1",
    "choices": [
        {
            "index": 1,
            "message": {"role": "assistant", "content": None},
            "finish_reason": None,
            "logprobs": None,
        },
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi"},
            "finish_reason": "stop",
            "logprobs": {"content": [TOKEN]},
        },
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
READ = TokenLogprob("Hi", -0.25, (("Hi", -0.25), ("Oh", -2.0)))
EVENTS = [
    {"model": "model-1", "choices": [{"index": 0, "delta": {"role": "assistant"}}]},
    {
        "model": "model-1",
        "choices": [
            {"index": 0, "delta": {"content": "H"}, "logprobs": {"content": [TOKEN]}},
            {"index": 1, "delta": {"content": "Oh"}, "finish_reason": "length"},
        ],
        "usage": None,
    },
    {
        "model": "model-1",
        "choices": [{"index": 0, "delta": {"content": "i"}, "finish_reason": "stop"}],
    },
    {"model": "model-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
]
STREAM = "text/event-stream; charset=utf-8"


def stream_of(events, end="data: [DONE]\n\n"):
    return ("".join(f"data: {json.dumps(event)}\n\n" for event in events) + end).encode()


def test_a_plain_request_has_no_optional_member():
    request = ChatRequest((("system", "Be brief."), ("user", "Hé")), 7)
    wire = CHAT.encode(request, "model-1", "/v1/chat/completions", "control")
    assert (wire.method, wire.path, wire.persona) == ("POST", "/v1/chat/completions", "control")
    assert wire.headers == (("Content-Type", "application/json"),)
    assert wire.output_tokens == 7
    assert wire.body.decode() == (
        '{"model":"model-1","messages":[{"role":"system","content":"Be brief."},'
        '{"role":"user","content":"Hé"}],"max_tokens":7}'
    )


def test_every_parameter_has_its_member():
    request = ChatRequest(
        (("user", "x"),), 7, 0.0, 0.5, 0, 3, True, 0, {5: -1.5}, ("a",), True, "u",
        {"type": "object"}, (Tool("add", "Adds.", {"type": "array"}),),
        {"echo": True, "max_tokens": 9},
    )  # fmt: skip
    wire = CHAT.encode(request, "m", "/chat/completions")
    assert json.loads(wire.body) == {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "max_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "seed": 0,
        "n": 3,
        "logprobs": True,
        "top_logprobs": 0,
        "logit_bias": {"5": -1.5},
        "stop": ["a"],
        "stream": True,
        "user": "u",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
        },
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "add",
                    "description": "Adds.",
                    "parameters": {"type": "array"},
                },
            }
        ],
        "tool_choice": "required",
        "echo": True,
    }
    assert wire.output_tokens == 21
    assert wire.path == "/chat/completions"


def test_numbers_that_json_does_not_know_are_not_sent():
    with pytest.raises(ValueError, match="JSON"):
        CHAT.encode(ChatRequest((("user", "x"),), 1, float("nan")), "m", "/")


def test_an_unknown_dialect_is_named_with_those_that_are_known():
    with pytest.raises(UnknownDialect, match="openai_chat"):
        dialect("smoke_signals")


def test_a_whole_answer(exchange):
    answer = CHAT.decode(exchange(ANSWER), stream=False)
    assert answer.model == "model-1"
    assert answer.choices == (Choice(0, "Hi", "stop", (READ,)), Choice(1, "", None, ()))
    assert answer.usage == Usage(3, 1)
    assert answer.raw == ANSWER


@pytest.mark.parametrize(
    ("token", "octets", "read"),
    [
        ("\ufffd", [0xD2], "\udcd2"),
        ("", [0x83], "\udc83"),
        ("\ufffd", None, "\ufffd"),
        ("\ufffd", [300], "\ufffd"),
        ("\ufffd", ["a"], "\ufffd"),
        ("Hi", [0x4F, 0x68], "Hi"),
    ],
)
def test_a_part_of_a_character_is_told_by_its_bytes(exchange, token, octets, read):
    position = {"token": token, "bytes": octets, "logprob": -0.25, "top_logprobs": []}
    choice = {**ANSWER["choices"][0], "logprobs": {"content": [position]}}
    answer = CHAT.decode(exchange({**ANSWER, "choices": [choice]}), stream=False)
    assert answer.choices[0].tokens[0].token == read


def test_calls_and_refusals_are_read_whole_and_in_parts(exchange):
    calls = [{"id": "c", "function": {"name": "add", "arguments": '{"a": 1}'}}]
    message = {"content": None, "tool_calls": calls, "refusal": "No."}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    (whole,) = CHAT.decode(exchange({**ANSWER, "choices": [choice]}), stream=False).choices
    deltas = [
        {"tool_calls": [{"index": 0, "function": {"name": "add", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}], "refusal": "N"},
        {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}], "refusal": "o."},
        {},
    ]
    events = [
        {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    events[-1]["choices"][0]["finish_reason"] = "tool_calls"
    (parts,) = CHAT.decode(exchange(stream_of(events), media_type=STREAM), stream=True).choices
    assert whole == parts
    assert whole.tool_calls == (ToolCall("add", '{"a": 1}'),)
    assert whole.refusal == "No."


@pytest.mark.parametrize(
    ("old", "new"), [("\n", "\r\n"), ("\n", "\r"), ("data: ", "data:"), ("\n\n", "\n: ping\n\n")]
)
def test_a_streamed_answer(exchange, old, new):
    body = b"\xef\xbb\xbf: hello\n\nevent: chunk\n" + stream_of(EVENTS)
    body = body.decode().replace(old, new).encode()
    answer = CHAT.decode(exchange(body, media_type=STREAM), stream=True)
    assert answer.choices == (Choice(0, "Hi", "stop", (READ,)), Choice(1, "Oh", "length", ()))
    assert (answer.model, answer.usage, answer.raw) == ("model-1", Usage(3, 2), EVENTS)


@pytest.mark.parametrize("end", ["data: [DONE]", "data: [DONE]\n", "data: [DONE]\n\n\n"])
def test_the_terminator_may_be_the_last_that_comes(exchange, end):
    body = stream_of(EVENTS, end)
    assert CHAT.decode(exchange(body, media_type=STREAM), stream=True).choices


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/choices", []),
        ("/choices", {}),
        ("/choices", None),
        ("/choices/0", "x"),
        ("/choices/0/index", "0"),
        ("/choices/0/index", True),
        ("/choices/0/index", -1),
        ("/choices/0/message", None),
        ("/choices/0/message/content", ["x"]),
        ("/choices/0/finish_reason", 1),
        ("/choices/1/logprobs", []),
        ("/choices/1/logprobs/content", {}),
        ("/choices/1/logprobs/content/0", None),
        ("/choices/1/logprobs/content/0/token", 5),
        ("/choices/1/logprobs/content/0/logprob", None),
        ("/choices/1/logprobs/content/0/logprob", "-1"),
        ("/choices/1/logprobs/content/0/logprob", False),
        ("/choices/1/logprobs/content/0/top_logprobs", 3),
        ("/choices/1/logprobs/content/0/top_logprobs/1", []),
        ("/choices/1/logprobs/content/0/top_logprobs/1/logprob", {}),
        ("/model", None),
        ("/usage", []),
        ("/usage/prompt_tokens", 1.5),
    ],
)
def test_wrong_types_are_told_with_their_place(exchange, pointer, value):
    body = copy.deepcopy(ANSWER)
    *parents, last = pointer.removeprefix("/").split("/")
    place = body
    for part in parents:
        place = place[int(part) if isinstance(place, list) else part]
    place[int(last) if isinstance(place, list) else last] = value
    with pytest.raises(MalformedAnswer) as caught:
        CHAT.decode(exchange(body), stream=False)
    assert caught.value.pointer == pointer
    assert "expected" in caught.value.reason


def test_two_choices_with_one_index_are_no_answer(exchange):
    body = copy.deepcopy(ANSWER)
    body["choices"][1]["index"] = 1
    with pytest.raises(MalformedAnswer, match="different indices"):
        CHAT.decode(exchange(body), stream=False)


@pytest.mark.parametrize(
    ("body", "media_type", "words"),
    [
        (b"<html>hello</html>", "text/html", "text/html"),
        (b"", "application/json", "nothing"),
        (json.dumps(ANSWER).encode()[:-20], "application/json", "JSON"),
        (b'{"choices": [{"index": 0, "logprob": NaN}]}', "application/json", "NaN"),
        (b'{"choices": [{"index": 0, "logprob": 1e999}]}', "application/json", "double"),
        (b'{"choices": [1e999role": 0}]}', "application/json", "JSON"),
        (b"[]", "application/json", "object"),
        (b"\xff", "application/json", "UTF-8"),
    ],
)
def test_other_bodies_are_no_answer(exchange, body, media_type, words):
    with pytest.raises(MalformedAnswer, match=words):
        CHAT.decode(exchange(body, media_type=media_type), stream=False)


@pytest.mark.parametrize(
    ("body", "media_type", "words"),
    [
        (json.dumps(ANSWER).encode(), "application/json", "expected an event stream"),
        (stream_of(EVENTS, ""), STREAM, "without `data: "),
        (stream_of(EVENTS)[:60], STREAM, "broke off inside"),
        (stream_of(EVENTS) + stream_of(EVENTS[:1], ""), STREAM, "events follow"),
        (stream_of([{"error": {"message": "overloaded"}}]), STREAM, "overloaded"),
        (stream_of([]), STREAM, "name of the model"),
        (stream_of(EVENTS[3:]), STREAM, "at least one choice"),
        (b"data: {]\n\ndata: [DONE]\n\n", STREAM, "expected JSON"),
        (b"data: \xff\n\ndata: [DONE]\n\n", STREAM, "UTF-8"),
        (stream_of([{"model": "m", "choices": [{"index": 0}]}]), STREAM, "/0/choices/0/delta"),
    ],
)
def test_other_streams_are_no_answer(exchange, body, media_type, words):
    with pytest.raises(MalformedAnswer, match=words):
        CHAT.decode(exchange(body, media_type=media_type), stream=True)


def test_a_refusal_and_a_fault_are_no_answer(exchange):
    with pytest.raises(MalformedAnswer, match="expected status 200, got 429"):
        CHAT.decode(exchange(ANSWER, status=429), stream=False)
    with pytest.raises(MalformedAnswer, match="got None"):
        CHAT.decode(exchange(b"", status=None), stream=False)


GOOD = [json.dumps(ANSWER).encode(), stream_of(EVENTS)]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@st.composite
def mutated(draw):
    """A good answer with bytes cut out, doubled or replaced."""
    body = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 12)))
        body[start:end] = draw(
            st.one_of(
                st.binary(max_size=6),
                st.just(bytes(body[start:end]) * 2),
                st.sampled_from((b"null", b"[]", b"{}", b"1e400", b"-1", b'"', b"\n\n", b"data:")),
            )
        )
    return bytes(body)


@st.composite
def replaced(draw):
    """A good answer in which one value is any JSON."""
    documents = copy.deepcopy([ANSWER, *EVENTS])
    places = []

    def walk(value):
        for key in value if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], dict | list):
                walk(value[key])

    walk(documents)
    container, key = draw(st.sampled_from(places))
    container[key] = draw(JSON)
    answer, *events = documents
    return draw(st.sampled_from((json.dumps(answer).encode(), stream_of(events))))


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=200), mutated(), replaced()), st.booleans(), st.booleans())
def test_decoding_gives_an_answer_or_says_why_not(exchange, body, stream, as_stream):
    media_type = STREAM if as_stream else "application/json"
    try:
        answer = CHAT.decode(exchange(body, media_type=media_type), stream=stream)
    except MalformedAnswer:
        return
    assert isinstance(answer, ChatAnswer)
    assert answer.choices
