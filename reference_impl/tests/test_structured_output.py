"""Answers in a prescribed form: JSON under a schema, and tool calls, whole and streamed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from drs_reference.gateway.structured_output import read_schema
from drs_reference.json_text import BodyError, Members
from jsonschema import Draft202012Validator

MODEL = "drs-reference-1"
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
EXTRACT = "Extract the name and age as JSON: Dana is 34 years old."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture
def client(endpoint: Any, fresh: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=endpoint.url + "/v1", api_key=endpoint.keys[fresh], max_retries=0
    ) as opened:
        yield opened


def wanted(schema: Any) -> Any:
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema, "strict": True},
    }


def ask(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_the_text_follows_the_schema(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=ask(EXTRACT), response_format=wanted(PERSON), n=3
    )
    for choice in answer.choices:
        document = json.loads(choice.message.content or "")
        Draft202012Validator(PERSON).validate(document)
        assert document == {"name": "Dana", "age": 34}
        assert choice.finish_reason == "stop"


def test_a_draft_without_the_form_is_drawn_again_and_counted(client: openai.OpenAI) -> None:
    impossible = {"type": "object", "required": ["shoe size"]}
    once = client.chat.completions.create(model=MODEL, messages=ask(EXTRACT), temperature=0)
    thrice = client.chat.completions.create(
        model=MODEL, messages=ask(EXTRACT), temperature=0, response_format=wanted(impossible)
    )
    assert once.usage is not None
    assert thrice.usage is not None
    assert thrice.usage.completion_tokens == 3 * once.usage.completion_tokens


def test_a_tool_is_called(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=ask("What is the weather in Oslo?"), tools=[WEATHER], temperature=0
    )
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    (call,) = choice.message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Oslo"}


def test_the_result_of_a_call_is_taken_in(client: openai.OpenAI) -> None:
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'},
    }
    messages: Any = [
        *ask("What is the weather in Oslo?"),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"degrees": 21}'},
    ]
    answer = client.chat.completions.create(model=MODEL, messages=messages, temperature=0)
    assert answer.choices[0].message.content == "It is 21 degrees in Oslo."


def test_a_streamed_call_is_the_whole_one(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=MODEL,
        messages=ask("What is the weather in Oslo?"),
        tools=[WEATHER],
        temperature=0,
        stream=True,
    )
    chunks = [chunk.choices[0] for chunk in stream]
    calls = [call for chunk in chunks for call in chunk.delta.tool_calls or []]
    assert [call.function.name for call in calls if call.function] == ["get_weather"]
    assert chunks[-1].finish_reason == "tool_calls"


def test_where_no_tool_fits_the_answer_is_text(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=ask("What is 12 + 14?"), tools=[WEATHER], temperature=0
    )
    assert answer.choices[0].message.tool_calls is None
    assert "26" in (answer.choices[0].message.content or "")


def test_no_mechanism_works_on_a_prescribed_form(endpoint: Any) -> None:
    """An account under a covert measure gets the log-probabilities of the declared model."""
    form = {"response_format": wanted({"type": "object"}), "logprobs": True, "top_logprobs": 5}
    measured = endpoint.chat("perturbed", messages=ask(EXTRACT), temperature=0, **form).json()
    plain = endpoint.chat("control", messages=ask(EXTRACT), temperature=0, **form).json()
    assert measured["choices"] == plain["choices"]


def fault(schema: Any) -> str | None:
    try:
        assert read_schema(Members({"schema": schema}, "format."), "schema") == schema
    except BodyError as error:
        return error.message
    return None


def test_a_schema_that_comes_again_is_judged_as_before() -> None:
    """Also after one that Python calls equal, and one in another order."""
    wrong = "format.schema is no JSON Schema: "
    judged = [
        ({"minLength": 1}, None),
        ({"minLength": True}, f"{wrong}True is not of type 'integer'"),
        ({"minLength": 1.0}, None),
        ({"minLength": {"a": 1, "b": 2}}, f"{wrong}{{'a': 1, 'b': 2}} is not of type 'integer'"),
        ({"minLength": {"b": 2, "a": 1}}, f"{wrong}{{'b': 2, 'a': 1}} is not of type 'integer'"),
        ({"required": ["x" * 999, 1]}, f"{wrong}1 is not of type 'string'"),
        ({"enum": ["x" * 20_000], "maxItems": -1}, f"{wrong}-1 is less than the minimum of 0"),
    ]
    for schema, message in 2 * judged:
        assert fault(schema) == message


def test_a_schema_that_comes_again_costs_little() -> None:
    times = []
    schema = {"properties": {f"member {number}": {"type": "string"} for number in range(99)}}
    for _ in range(5):
        began = time.perf_counter()
        assert fault(schema) is None
        times.append(time.perf_counter() - began)
    assert min(times[1:]) < times[0] / 5
