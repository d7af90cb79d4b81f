"""The responses dialect, spoken by the official client, unmodified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from .conftest import CITY, EXTRACT, HARM, MODEL, PERSON, STORY, SUM, WEATHER

TOOL: Any = {"type": "function", "name": "get_weather", "parameters": CITY, "strict": False}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture
def client(endpoint: Any, fresh: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=endpoint.url + "/v1", api_key=endpoint.keys[fresh], max_retries=0
    ) as opened:
        yield opened


def test_it_answers(client: openai.OpenAI) -> None:
    answer = client.responses.create(
        model=MODEL, instructions="Be brief.", input=SUM, temperature=0, metadata={"a": "b"}
    )
    assert "132" in answer.output_text
    assert answer.status == "completed"
    assert answer.metadata == {"a": "b"}
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
    cut = client.responses.create(model=MODEL, input=STORY, max_output_tokens=2)
    assert cut.status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"


def test_it_streams(client: openai.OpenAI) -> None:
    with client.responses.stream(model=MODEL, input=SUM, temperature=0) as stream:
        events = list(stream)
        final = stream.get_final_response()
    deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
    whole = client.responses.create(model=MODEL, input=SUM, temperature=0)
    assert "".join(deltas) == final.output_text == whole.output_text
    assert len(deltas) > 1
    assert final.usage == whole.usage
    assert [e.sequence_number for e in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"


@pytest.mark.parametrize("stream", [False, True])
def test_it_calls_tools_and_takes_in_their_results(client: openai.OpenAI, stream: bool) -> None:
    asked: Any = {"model": MODEL, "input": WEATHER, "tools": [TOOL], "temperature": 0}
    if stream:
        with client.responses.stream(**asked) as opened:
            kinds = [event.type for event in opened]
            answer: Any = opened.get_final_response()
        assert "response.function_call_arguments.done" in kinds
    else:
        answer = client.responses.create(**asked)
    (call,) = answer.output
    assert call.type == "function_call"
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Oslo"})
    result = {"type": "function_call_output", "call_id": call.call_id, "output": '{"degrees": 21}'}
    told: Any = [
        {"role": "user", "content": WEATHER},
        {"type": "function_call", "name": call.name, "arguments": call.arguments, "call_id": "1"},
        result,
    ]
    second = client.responses.create(model=MODEL, input=told, temperature=0)
    assert second.output_text == "It is 21 degrees in Oslo."


def test_its_answers_follow_a_schema(client: openai.OpenAI) -> None:
    form: Any = {"format": {"type": "json_schema", "name": "person", "schema": PERSON}}
    answer = client.responses.create(model=MODEL, input=EXTRACT, text=form, temperature=0)
    assert json.loads(answer.output_text) == {"name": "Dana", "age": 34}
    parsed = client.responses.parse(model=MODEL, input=EXTRACT, text_format=Person, temperature=0)
    assert parsed.output_parsed == Person(name="Dana", age=34)


def test_it_returns_log_probabilities(client: openai.OpenAI, endpoint: Any) -> None:
    asked: Any = {
        "model": MODEL,
        "input": SUM,
        "temperature": 0,
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 3,
    }
    part: Any = client.responses.create(**asked).output[0].content[0]  # type: ignore[union-attr]
    assert "".join(token.token for token in part.logprobs) == part.text
    assert all(len(token.top_logprobs) == 3 for token in part.logprobs)
    streamed = [
        token.logprob
        for event in client.responses.create(**asked, stream=True)
        if event.type == "response.output_text.delta"
        for token in event.logprobs
    ]
    assert streamed == [token.logprob for token in part.logprobs]
    chat = endpoint.chat(
        "control", SUM, temperature=0, logprobs=True, top_logprobs=3, max_tokens=100
    ).json()
    assert streamed == [t["logprob"] for t in chat["choices"][0]["logprobs"]["content"]]


@pytest.mark.parametrize("stream", [False, True])
def test_it_declines(client: openai.OpenAI, stream: bool) -> None:
    if stream:
        with client.responses.stream(model=MODEL, input=HARM) as opened:
            deltas = [e.delta for e in opened if e.type == "response.refusal.delta"]
            answer: Any = opened.get_final_response()
        assert "".join(deltas) == answer.output[0].content[0].refusal
    else:
        answer = client.responses.create(model=MODEL, input=HARM)
    (part,) = answer.output[0].content
    assert part.type == "refusal"
    assert part.refusal
    assert answer.output_text == ""


def test_it_raises_its_own_errors(
    client: openai.OpenAI, endpoint: Any, fresh: str, used_up: Any, policy: Any
) -> None:
    with pytest.raises(openai.BadRequestError) as wrong:
        client.responses.create(model=MODEL, input=SUM, temperature=3)
    assert wrong.value.param == "temperature"
    for members, name, limit in (
        ({"include": ["message.output_text.logprobs"], "top_logprobs": 9}, "top_logprobs", 5),
        ({"extra_body": {"n": 2}}, "n", 1),
    ):
        with pytest.raises(openai.BadRequestError) as beyond:
            client.responses.create(model=MODEL, input=SUM, **members)  # type: ignore[call-overload]
        problem = policy(beyond.value.response.json(), "parameter-out-of-bounds")
        assert (problem["parameter"], problem["limit"]) == (name, limit)
        assert beyond.value.param == name
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="other", input=SUM)
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="drs-test-nobody").responses.create(model=MODEL, input=SUM)

    def ask() -> Any:
        return client.responses.create(model=MODEL, input=SUM, max_output_tokens=1)

    used_up(ask)
    with pytest.raises(openai.RateLimitError) as limited:
        ask()
    fields = limited.value.response.headers
    policy(limited.value.response.json(), "abnormal-usage-detected")
    assert fields["x-ratelimit-limit-requests"] == "5"
    assert fields["x-ratelimit-remaining-requests"] == "0"
    assert fields["x-ratelimit-reset-requests"].rstrip("s") == fields["retry-after"] or (
        fields["retry-after"] == "60" and fields["x-ratelimit-reset-requests"] == "1m0s"
    )
    endpoint.flag(fresh, "ann")
    assert endpoint.advance(fresh, 60)
    with pytest.raises(openai.PermissionDeniedError) as closed:
        ask()
    policy(closed.value.response.json(), "account-suspended")
