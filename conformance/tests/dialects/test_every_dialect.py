"""The dialects beside chat completions: what is asked, what is read, and nothing else."""

import copy
import json
from dataclasses import replace

import pytest
from drs_conformance.certification.claim import surfaces_probed
from drs_conformance.checks.numbers_inside import fraction_inside
from drs_conformance.dialects import (
    ChatAnswer,
    ChatRequest,
    Choice,
    Inexpressible,
    MalformedAnswer,
    TokenLogprob,
    Tool,
    ToolCall,
    Usage,
    dialect,
)
from drs_conformance.specification.location import schema_folder
from drs_conformance.traffic.requests import chat_requests
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_answers import (
    GEMINI,
    GEMINI_EVENTS,
    MESSAGE,
    MESSAGE_EVENTS,
    RESPONSES,
    RESPONSES_EVENTS,
    STREAM,
    stream_of,
)

NAMES = ("openai_responses", "anthropic_messages", "gemini_generate")
WHOLE = dict(zip(NAMES, (RESPONSES, MESSAGE, GEMINI), strict=True))
EVENTS = dict(zip(NAMES, (RESPONSES_EVENTS, MESSAGE_EVENTS, GEMINI_EVENTS), strict=True))
HI = TokenLogprob("Hi", -0.25, (("Hi", -0.25),))
YOU = TokenLogprob(" you", -1.0, ())
GEMINI_HI = TokenLogprob("Hi", -0.25, (("Hi", -0.25), ("Oh", -2.0)))
CHOICES = {
    "openai_responses": (Choice(0, "Hi you", "stop", (HI, YOU)),),
    "anthropic_messages": (Choice(0, "Hi you", "stop", ()),),
    "gemini_generate": (
        Choice(0, "Hi you", "stop", (GEMINI_HI, YOU)),
        Choice(1, "Oh", "length", ()),
    ),
}
USAGE = dict(zip(NAMES, (Usage(3, 2), Usage(3, 2), Usage(3, 6)), strict=True))
IDS = dict(zip(NAMES, ("resp_1", "msg_1", "r-1"), strict=True))
ASKED = (("system", "Be brief."), ("user", "Hé"), ("assistant", "Hm."), ("user", "And?"))
SCHEMA = {"type": "object"}
ADD = Tool("add", "Adds.", SCHEMA)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_the_same_plain_and_streamed(exchange, name):
    spoken = dialect(name)
    whole = spoken.decode(exchange(WHOLE[name]), stream=False)
    parts = spoken.decode(exchange(stream_of(EVENTS[name]), media_type=STREAM), stream=True)
    for answer in (whole, parts):
        assert answer.choices == CHOICES[name]
        assert (answer.model, answer.id, answer.usage) == ("model-1", IDS[name], USAGE[name])
    assert whole.raw == WHOLE[name]
    assert parts.raw == EVENTS[name]


@pytest.mark.parametrize(
    ("name", "stream", "path", "credential", "fields"),
    [
        ("openai_responses", False, "/v1/responses", "Authorization: Bearer ", ()),
        ("openai_responses", True, "/v1/responses", "Authorization: Bearer ", ()),
        (
            "anthropic_messages",
            True,
            "/v1/messages",
            "x-api-key: ",
            (("anthropic-version", "2023-06-01"),),
        ),
        ("gemini_generate", False, "/v1/models/a%2Fb:generateContent", "x-goog-api-key: ", ()),
        (
            "gemini_generate",
            True,
            "/v1/models/a%2Fb:streamGenerateContent?alt=sse",
            "x-goog-api-key: ",
            (),
        ),
    ],
)
def test_where_a_request_goes_and_how_it_is_authorised(name, stream, path, credential, fields):
    spoken = dialect(name)
    request = ChatRequest(ASKED, 7, stream=stream)
    wire = spoken.encode(request, "a/b", "/v1" + spoken.path_below, "control")
    assert (wire.method, wire.path, wire.persona) == ("POST", path, "control")
    assert f"{wire.credential.name}: {wire.credential.prefix}" == credential
    assert wire.headers == (("Content-Type", "application/json"), *fields)
    assert wire.output_tokens == 7


FORMAT = {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}
BODIES = {
    "openai_responses": (
        {
            "temperature": 0.5, "top_p": 0.9, "logprobs": True, "top_logprobs": 2,
            "stream": True, "user": "u", "schema": SCHEMA, "tools": (ADD,),
        },
        {
            "model": "m",
            "input": [
                {"type": "message", "role": role, "content": said} for role, said in ASKED
            ],
            "max_output_tokens": 7,
            "temperature": 0.5,
            "top_p": 0.9,
            "include": ["message.output_text.logprobs"],
            "top_logprobs": 2,
            "stream": True,
            "user": "u",
            "text": {"format": FORMAT},
            "tools": [
                {"type": "function", "name": "add", "description": "Adds.", "parameters": SCHEMA}
            ],
            "tool_choice": "required",
        },
    ),
    "anthropic_messages": (
        {
            "temperature": 0.5, "stop": ("a",), "stream": True, "user": "u", "schema": SCHEMA,
            "tools": (ADD,),
        },
        {
            "model": "m",
            "messages": [{"role": role, "content": said} for role, said in ASKED[1:]],
            "max_tokens": 7,
            "system": "Be brief.",
            "temperature": 0.5,
            "stop_sequences": ["a"],
            "stream": True,
            "metadata": {"user_id": "u"},
            "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
            "tools": [{"name": "add", "description": "Adds.", "input_schema": SCHEMA}],
            "tool_choice": {"type": "any"},
        },
    ),
    "gemini_generate": (
        {
            "temperature": 0.5, "top_p": 0.9, "seed": 0, "n": 3, "logprobs": True,
            "top_logprobs": 0, "stop": ("a",), "stream": True, "schema": SCHEMA, "tools": (ADD,),
        },
        {
            "contents": [
                {"role": "user", "parts": [{"text": "Hé"}]},
                {"role": "model", "parts": [{"text": "Hm."}]},
                {"role": "user", "parts": [{"text": "And?"}]},
            ],
            "generationConfig": {
                "maxOutputTokens": 7,
                "temperature": 0.5,
                "topP": 0.9,
                "seed": 0,
                "candidateCount": 3,
                "stopSequences": ["a"],
                "responseLogprobs": True,
                "logprobs": 0,
                "responseMimeType": "application/json",
                "responseJsonSchema": SCHEMA,
            },
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "tools": [
                {
                    "functionDeclarations": [
                        {"name": "add", "description": "Adds.", "parametersJsonSchema": SCHEMA}
                    ]
                }
            ],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_its_member(name):
    members, body = BODIES[name]
    spoken = dialect(name)
    wire = spoken.encode(ChatRequest(ASKED, 7, **members), "m", spoken.path_below)
    assert json.loads(wire.body) == body
    extra = ChatRequest(ASKED, 7, **members, extra={"echo": True})
    assert json.loads(spoken.encode(extra, "m", "/").body) == {**body, "echo": True}


LACKING = {
    "openai_responses": {"seed": 1, "n": 2, "logit_bias": {"5": 1.0}, "stop": ("a",)},
    "anthropic_messages": {
        "seed": 1, "n": 2, "logprobs": True, "top_logprobs": 0, "logit_bias": {"5": 1.0},
        "temperature": 1.5,
    },
    "gemini_generate": {"logit_bias": {"5": 1.0}, "user": "u"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [(name, *pair) for name, members in LACKING.items() for pair in members.items()],
)
def test_what_a_dialect_lacks_is_refused_and_can_be_left_out(name, member, value):
    spoken = dialect(name)
    request = ChatRequest(ASKED, 7, **{member: value})
    with pytest.raises(Inexpressible, match=f"the dialect {name} has no "):
        spoken.encode(request, "m", "/")
    fitted = spoken.abilities.fitted(request)
    assert spoken.encode(fitted, "m", "/").body
    assert fitted.messages == request.messages


def test_one_choice_and_no_alternatives_ask_for_nothing_special():
    assert dialect("anthropic_messages").encode(ChatRequest(ASKED, 7, n=1), "m", "/")
    both = ChatRequest(ASKED, 7, temperature=0.5, top_p=0.5)
    with pytest.raises(Inexpressible, match="top_p beside a temperature"):
        dialect("anthropic_messages").encode(both, "m", "/")
    assert dialect("openai_chat").abilities.fitted(both) is both


def responses(**members):
    return {**RESPONSES, **members}


REFUSALS = [
    (
        "openai_responses",
        responses(output=[{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]),
        Choice(0, "", "stop", (), (), "No."),
    ),
    (
        "openai_responses",
        responses(status="incomplete", output=[], incomplete_details={"reason": "content_filter"}),
        Choice(0, "", "content_filter", (), (), "content_filter"),
    ),
    (
        "anthropic_messages",
        {
            **MESSAGE,
            "content": [],
            "stop_reason": "refusal",
            "stop_details": {"category": "reasoning_extraction", "explanation": None},
        },
        Choice(0, "", "content_filter", (), (), "reasoning_extraction"),
    ),
    (
        "anthropic_messages",
        {**MESSAGE, "stop_reason": "refusal"},
        Choice(0, "Hi you", "content_filter", (), (), "Hi you"),
    ),
    (
        "gemini_generate",
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "m"},
        Choice(0, "", "content_filter", (), (), "PROHIBITED_CONTENT"),
    ),
    (
        "gemini_generate",
        {"candidates": [{"finishReason": "SAFETY", "finishMessage": "Unsafe."}]},
        Choice(0, "", "content_filter", (), (), "Unsafe."),
    ),
    (
        "openai_chat",
        {
            "model": "m",
            "choices": [{"index": 0, "message": {}, "finish_reason": "content_filter"}],
        },
        Choice(0, "", "content_filter", (), (), "content_filter"),
    ),
]


@pytest.mark.parametrize(("name", "body", "choice"), REFUSALS)
def test_a_refusal_with_status_200_is_one(exchange, name, body, choice):
    assert dialect(name).decode(exchange(body), stream=False).choices == (choice,)


CALL = ToolCall("add", '{"a": 1}')
CALLS = [
    (
        "openai_responses",
        responses(output=[{"type": "function_call", "name": "add", "arguments": '{"a": 1}'}]),
        None,
    ),
    (
        "anthropic_messages",
        {
            **MESSAGE,
            "content": [{"type": "tool_use", "id": "t", "name": "add", "input": {"a": 1}}],
            "stop_reason": "tool_use",
        },
        [
            MESSAGE_EVENTS[0],
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "tool_use", "id": "t", "name": "add", "input": {}},
            },
            *(
                {
                    "type": "content_block_delta",
                    "index": 0,
                    "delta": {"type": "input_json_delta", "partial_json": part},
                }
                for part in ("", '{"a"', ": 1}")
            ),
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
            {"type": "message_stop"},
        ],
    ),
    (
        "gemini_generate",
        {
            "candidates": [
                {
                    "content": {"parts": [{"functionCall": {"name": "add", "args": {"a": 1}}}]},
                    "finishReason": "STOP",
                }
            ]
        },
        None,
    ),
]


@pytest.mark.parametrize(("name", "body", "events"), CALLS)
def test_calls_of_tools(exchange, name, body, events):
    spoken = dialect(name)
    if events is None:
        kind = "response.completed"
        events = [{"type": kind, "response": body}] if "output" in body else [body]
    streamed = exchange(stream_of(events), media_type=STREAM)
    for answer in (spoken.decode(exchange(body), False), spoken.decode(streamed, True)):
        (choice,) = answer.choices
        assert (choice.tool_calls, choice.finish_reason) == ((CALL,), "tool_calls")


WRONG = [
    ("openai_responses", "/status", "in_progress"),
    ("openai_responses", "/status", None),
    ("openai_responses", "/model", None),
    ("openai_responses", "/output", None),
    ("openai_responses", "/output/1", "x"),
    ("openai_responses", "/output/1/type", 3),
    ("openai_responses", "/output/1/content", {}),
    ("openai_responses", "/output/1/content/0/text", None),
    ("openai_responses", "/output/1/content/0/logprobs/0/token", 5),
    ("openai_responses", "/output/1/content/0/logprobs/0/logprob", "-1"),
    ("openai_responses", "/output/1/content/0/logprobs/0/top_logprobs/0", []),
    ("openai_responses", "/usage/input_tokens", -1),
    ("anthropic_messages", "/model", 5),
    ("anthropic_messages", "/content", None),
    ("anthropic_messages", "/content/0", []),
    ("anthropic_messages", "/content/0/type", None),
    ("anthropic_messages", "/content/1/text", ["x"]),
    ("anthropic_messages", "/stop_reason", 1),
    ("anthropic_messages", "/usage", []),
    ("anthropic_messages", "/usage/output_tokens", 1.5),
    ("gemini_generate", "/modelVersion", 1),
    ("gemini_generate", "/candidates", {}),
    ("gemini_generate", "/candidates", []),
    ("gemini_generate", "/candidates/0", None),
    ("gemini_generate", "/candidates/0/content/parts", "x"),
    ("gemini_generate", "/candidates/0/content/parts/1/text", 5),
    ("gemini_generate", "/candidates/0/finishReason", []),
    ("gemini_generate", "/candidates/1/index", "1"),
    ("gemini_generate", "/candidates/0/logprobsResult/chosenCandidates/0/token", None),
    ("gemini_generate", "/candidates/0/logprobsResult/chosenCandidates/1/logProbability", True),
    ("gemini_generate", "/candidates/0/logprobsResult/topCandidates/0/candidates", 1),
    ("gemini_generate", "/usageMetadata/promptTokenCount", "3"),
]


@pytest.mark.parametrize(("name", "pointer", "value"), WRONG)
def test_wrong_types_are_told_with_their_place(exchange, name, pointer, value):
    body = copy.deepcopy(WHOLE[name])
    *parents, last = pointer.removeprefix("/").split("/")
    place = body
    for part in parents:
        place = place[int(part) if isinstance(place, list) else part]
    place[int(last) if isinstance(place, list) else last] = value
    with pytest.raises(MalformedAnswer) as caught:
        dialect(name).decode(exchange(body), stream=False)
    assert caught.value.pointer == pointer
    assert "expected" in caught.value.reason


@pytest.mark.parametrize(
    ("name", "kept"), [(name, kept) for name in NAMES for kept in range(len(EVENTS[name]))]
)
def test_a_stream_that_breaks_off_is_no_answer(exchange, name, kept):
    spoken = dialect(name)
    body = stream_of(EVENTS[name][:kept])
    with pytest.raises(MalformedAnswer):
        spoken.decode(exchange(body, media_type=STREAM), stream=True)
    inside = stream_of(EVENTS[name][: kept + 1])[:-4]
    with pytest.raises(MalformedAnswer, match="broke off inside"):
        spoken.decode(exchange(inside, media_type=STREAM), stream=True)


@pytest.mark.parametrize(
    ("name", "events", "words"),
    [
        ("openai_responses", [*RESPONSES_EVENTS, RESPONSES_EVENTS[0]], "events follow"),
        ("openai_responses", [{"type": "error", "message": "overloaded"}], "overloaded"),
        (
            "openai_responses",
            [{"type": "response.failed", "response": {"error": {"message": "overloaded"}}}],
            "overloaded",
        ),
        ("openai_responses", RESPONSES_EVENTS[:3] + RESPONSES_EVENTS[5:], "that of its deltas"),
        ("openai_responses", [{"delta": "x"}], "/0/type"),
        ("anthropic_messages", [*MESSAGE_EVENTS, {"type": "ping"}], "events follow"),
        ("anthropic_messages", MESSAGE_EVENTS[1:], "expected message_start"),
        ("anthropic_messages", [MESSAGE_EVENTS[0], *MESSAGE_EVENTS[3:]], "has not begun"),
        (
            "anthropic_messages",
            [MESSAGE_EVENTS[0], {"type": "error", "error": {"type": "overloaded_error"}}],
            "overloaded_error",
        ),
        ("gemini_generate", [{"error": {"code": 503, "message": "overloaded"}}], "overloaded"),
        ("gemini_generate", [{"candidates": []}], "at least one choice"),
    ],
)
def test_other_streams_are_no_answer(exchange, name, events, words):
    with pytest.raises(MalformedAnswer, match=words):
        dialect(name).decode(exchange(stream_of(events), media_type=STREAM), stream=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_answer_is_no_stream_and_a_refusal_no_answer(exchange, name):
    with pytest.raises(MalformedAnswer, match="expected an event stream"):
        dialect(name).decode(exchange(WHOLE[name]), stream=True)
    with pytest.raises(MalformedAnswer, match="expected status 200, got 429"):
        dialect(name).decode(exchange(WHOLE[name], status=429), stream=False)


def test_two_candidates_with_one_index_are_no_answer(exchange):
    body = copy.deepcopy(GEMINI)
    body["candidates"][1]["index"] = 0
    with pytest.raises(MalformedAnswer, match="different indices"):
        dialect("gemini_generate").decode(exchange(body), stream=False)


def test_numbers_that_a_dialect_has_no_place_for_are_found():
    assert fraction_inside(MESSAGE) is None
    assert fraction_inside(MESSAGE_EVENTS) is None
    told = {**MESSAGE, "logprobs": [{"token": "Hi", "logprob": -0.25}]}
    assert fraction_inside(told) == "a number at /logprobs/0/logprob"


PROMPTS = {
    "openai_chat": lambda body: (body["messages"][-1]["content"], body["max_tokens"]),
    "openai_responses": lambda body: (body["input"][-1]["content"], body["max_output_tokens"]),
    "anthropic_messages": lambda body: (body["messages"][-1]["content"], body["max_tokens"]),
    "gemini_generate": lambda body: (
        body["contents"][-1]["parts"][0]["text"],
        body["generationConfig"]["maxOutputTokens"],
    ),
}


@settings(max_examples=60, deadline=None)
@given(
    chat_requests(alternatives_max=5, choices_max=4, streaming=True),
    st.sampled_from(sorted(PROMPTS)),
)
def test_a_fitted_request_says_what_it_said(request, name):
    spoken = dialect(name)
    fitted = spoken.abilities.fitted(request)
    body = json.loads(spoken.encode(fitted, "m", spoken.path_below).body)
    assert PROMPTS[name](body) == (request.messages[-1][1], request.max_tokens)
    assert spoken.abilities.fitted(fitted) is fitted


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@st.composite
def damaged(draw):
    """An answer, plain or streamed, in which one value is any JSON, perhaps cut off."""
    name = draw(st.sampled_from(NAMES))
    stream = draw(st.booleans())
    document = copy.deepcopy(EVENTS[name] if stream else WHOLE[name])
    places = []

    def walk(value):
        for key in value if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], dict | list):
                walk(value[key])

    walk(document)
    container, key = draw(st.sampled_from(places))
    container[key] = draw(JSON)
    if not stream:
        body = json.dumps(document).encode()
    else:
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in document).encode()
    cut = draw(st.one_of(st.none(), st.integers(0, len(body))))
    return name, stream, body[:cut]


@settings(max_examples=150, deadline=None)
@given(damaged())
def test_decoding_gives_an_answer_or_says_why_not(exchange, case):
    name, stream, body = case
    media_type = STREAM if stream else "application/json"
    try:
        answer = dialect(name).decode(exchange(body, media_type=media_type), stream=stream)
    except MalformedAnswer:
        return
    assert isinstance(answer, ChatAnswer)
    assert answer.choices


def test_a_claim_covers_a_surface_whose_path_names_the_model(exchange):
    examples = schema_folder("0.1") / "examples" / "valid" / "declaration"
    document = json.loads((examples / "smallest.json").read_text("utf-8"))
    (surface,) = document["surfaces"]
    surface |= {"dialect": "gemini_generate", "path": "/v1beta/models/{model}:generateContent"}
    surface["models"] = ["a/b", "c"]

    def seen(path, body):
        answered = exchange(body)
        return replace(answered, request=replace(answered.request, path=path))

    declared = seen("/.well-known/distillation-resistance", document)
    asked = seen("/v1beta/models/a%2Fb:generateContent", GEMINI)
    covered = surfaces_probed({"x-1": declared, "x-2": asked}, "0.1")
    assert covered == [{name: surface[name] for name in ("id", "dialect", "path")}]
    assert surfaces_probed({"x-1": declared}, "0.1") == []
