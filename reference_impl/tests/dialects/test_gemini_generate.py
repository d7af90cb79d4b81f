"""The Gemini dialect, spoken by the official client, unmodified."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from .conftest import CITY, EXTRACT, HARM, MODEL, PERSON, STORY, SUM, WEATHER

PATH = f"/v1beta/models/{MODEL}:generateContent"


class Person(BaseModel):
    name: str
    age: int


def opened(endpoint: Any, key: str) -> genai.Client:
    options = types.HttpOptions(base_url=endpoint.url, api_version="v1beta")
    return genai.Client(api_key=key, http_options=options)


@pytest.fixture
def client(endpoint: Any, fresh: str) -> Iterator[genai.Client]:
    with opened(endpoint, endpoint.keys[fresh]) as client:
        yield client


def ask(client: genai.Client, contents: Any, **config: Any) -> Any:
    wanted = types.GenerateContentConfig(**config)
    return client.models.generate_content(model=MODEL, contents=contents, config=wanted)


def streamed(client: genai.Client, contents: Any, **config: Any) -> list[Any]:
    wanted = types.GenerateContentConfig(**config)
    stream = client.models.generate_content_stream(model=MODEL, contents=contents, config=wanted)
    return list(stream)


def test_it_answers(client: genai.Client) -> None:
    answer = ask(client, SUM, system_instruction="Be brief.", temperature=0)
    assert "132" in answer.text
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert answer.usage_metadata.total_token_count > answer.usage_metadata.prompt_token_count > 0
    assert answer.model_version == MODEL
    cut = ask(client, STORY, max_output_tokens=2)
    assert cut.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def test_it_gives_several_candidates_the_same_by_seed(client: genai.Client) -> None:
    config = {"candidate_count": 3, "seed": 5, "max_output_tokens": 20}

    def texts(answer: Any) -> list[str]:
        return [choice.content.parts[0].text for choice in answer.candidates]

    once = texts(ask(client, STORY, **config))
    assert len(once) == 3
    assert len(set(once)) > 1
    assert texts(ask(client, STORY, **config)) == once
    assert texts(ask(client, STORY, **{**config, "seed": 6})) != once
    parts: dict[int, str] = {}
    for part in streamed(client, STORY, **config):
        for choice in part.candidates:
            text = choice.content.parts[0].text or ""
            parts[choice.index or 0] = parts.get(choice.index or 0, "") + text
    assert [parts[index] for index in range(3)] == once


def test_it_streams(client: genai.Client) -> None:
    parts = streamed(client, SUM, temperature=0)
    whole = ask(client, SUM, temperature=0)
    assert "".join(part.text for part in parts) == whole.text
    assert len(parts) > 2
    assert parts[-1].usage_metadata == whole.usage_metadata
    assert parts[-1].candidates[0].finish_reason == types.FinishReason.STOP


@pytest.mark.parametrize("described", ["parameters", "parameters_json_schema"])
def test_it_calls_tools_and_takes_in_their_results(client: genai.Client, described: str) -> None:
    declared = types.FunctionDeclaration(name="get_weather", **{described: CITY})  # type: ignore[arg-type]
    tools = [types.Tool(function_declarations=[declared])]
    config = {"tools": tools, "temperature": 0}
    answer = ask(client, WEATHER, **config)
    (call,) = answer.function_calls
    assert (call.name, call.args) == ("get_weather", {"city": "Oslo"})
    (part,) = streamed(client, WEATHER, **config)
    assert part.function_calls[0].args == {"city": "Oslo"}
    told = types.Part.from_function_response(name="get_weather", response={"degrees": 21})
    contents = [
        types.Content(role="user", parts=[types.Part(text=WEATHER)]),
        answer.candidates[0].content,
        types.Content(role="user", parts=[told]),
    ]
    assert ask(client, contents, temperature=0).text == "It is 21 degrees in Oslo."


def test_its_answers_follow_a_schema(client: genai.Client) -> None:
    kind = {"response_mime_type": "application/json", "temperature": 0}
    plain = ask(client, EXTRACT, response_json_schema=PERSON, **kind)
    assert json.loads(plain.text) == {"name": "Dana", "age": 34}
    typed = ask(client, EXTRACT, response_schema=Person, **kind)
    assert typed.parsed == Person(name="Dana", age=34)


def test_it_returns_log_probabilities(client: genai.Client, endpoint: Any) -> None:
    config = {"temperature": 0, "response_logprobs": True, "logprobs": 3}
    answer = ask(client, SUM, **config)
    found = answer.candidates[0].logprobs_result
    chosen = [token.log_probability for token in found.chosen_candidates]
    assert "".join(token.token for token in found.chosen_candidates) == answer.text
    assert all(len(place.candidates) == 3 for place in found.top_candidates)
    parts = streamed(client, SUM, **config)
    tokens = [t for p in parts for t in p.candidates[0].logprobs_result.chosen_candidates or []]
    assert [token.log_probability for token in tokens] == chosen
    chat = endpoint.chat(
        "control", SUM, temperature=0, logprobs=True, top_logprobs=3, max_tokens=100
    ).json()
    assert chosen == [t["logprob"] for t in chat["choices"][0]["logprobs"]["content"]]


def test_it_declines(client: genai.Client) -> None:
    for answer in (ask(client, HARM), *streamed(client, HARM)):
        assert answer.prompt_feedback.block_reason == types.BlockedReason.SAFETY
        assert answer.prompt_feedback.block_reason_message
        assert not answer.candidates


def test_it_raises_its_own_errors(
    client: genai.Client, endpoint: Any, fresh: str, used_up: Any, policy: Any
) -> None:
    with pytest.raises(errors.ClientError) as wrong:
        ask(client, SUM, temperature=3)
    assert (wrong.value.code, wrong.value.status) == (400, "INVALID_ARGUMENT")
    for config, name, limit in (
        ({"response_logprobs": True, "logprobs": 9}, "generationConfig.logprobs", 5),
        ({"candidate_count": 5}, "generationConfig.candidateCount", 4),
    ):
        with pytest.raises(errors.ClientError) as beyond:
            ask(client, SUM, **config)
        problem = policy(beyond.value.details, "parameter-out-of-bounds")
        assert (problem["parameter"], problem["limit"]) == (name, limit)
        assert beyond.value.message == problem["detail"]
    with pytest.raises(errors.ClientError) as missing:
        client.models.generate_content(model="other", contents=SUM)
    assert (missing.value.code, missing.value.status) == (404, "NOT_FOUND")
    with opened(endpoint, "drs-test-nobody") as stranger, pytest.raises(errors.ClientError) as who:
        ask(stranger, SUM)
    assert (who.value.code, who.value.status) == (401, "UNAUTHENTICATED")
    used_up(lambda: ask(client, SUM, max_output_tokens=1))
    with pytest.raises(errors.ClientError) as limited:
        ask(client, SUM, max_output_tokens=1)
    assert limited.value.code == 429
    problem = policy(limited.value.details, "abnormal-usage-detected")
    assert problem["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert limited.value.response is not None
    assert int(limited.value.response.headers["retry-after"]) > 0
    endpoint.flag(fresh, "ann")
    with pytest.raises(errors.ClientError) as closed:
        ask(client, SUM)
    assert closed.value.code == 403
    policy(closed.value.details, "account-suspended")


def test_a_key_in_the_query_is_taken_and_not_logged(endpoint: Any, fresh: str) -> None:
    key, body = endpoint.keys[fresh], {"contents": [{"parts": [{"text": SUM}]}]}
    with httpx.Client(base_url=endpoint.url, trust_env=False) as client:
        assert client.post(PATH, params={"key": key}, json=body).status_code == 200
        both = client.post(PATH, params={"key": key}, json=body, headers={"x-goog-api-key": key})
        assert both.status_code == 401
        array = client.post(
            PATH.replace("generate", "streamGenerate"), params={"key": key}, json=body
        )
        assert array.status_code == 400
        assert "alt=sse" in array.json()["error"]["message"]
    assert key not in endpoint.log
    assert "generateContent" in endpoint.log
