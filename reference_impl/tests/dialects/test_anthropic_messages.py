"""The messages dialect, spoken by the official client, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import pytest
from pydantic import BaseModel

from .conftest import CITY, EXTRACT, HARM, MODEL, PERSON, STORY, SUM, WEATHER

TOOL: Any = {"name": "get_weather", "description": "The weather.", "input_schema": CITY}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture
def client(endpoint: Any, fresh: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=endpoint.url, api_key=endpoint.keys[fresh], max_retries=0
    ) as opened:
        yield opened


def asked(text: str, **members: Any) -> Any:
    """A request; the newest client knows no temperature, the dialect does."""
    if "temperature" in members:
        members["extra_body"] = {"temperature": members.pop("temperature")}
    messages = [{"role": "user", "content": text}]
    return {"model": MODEL, "messages": messages, "max_tokens": 200, **members}


def test_it_answers(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(**asked(SUM, system="Be brief.", temperature=0))
    (block,) = answer.content
    assert block.type == "text"
    assert "132" in block.text
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert answer._request_id
    cut = client.messages.create(**{**asked(STORY), "max_tokens": 2})
    assert cut.stop_reason == "max_tokens"
    stopped = client.messages.create(**asked(SUM, temperature=0, stop_sequences=["132", "xyz"]))
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "132")


def test_it_streams(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**asked(SUM, temperature=0)) as stream:
        texts = list(stream.text_stream)
        final = stream.get_final_message()
    whole = client.messages.create(**asked(SUM, temperature=0))
    assert "".join(texts) == whole.content[0].text  # type: ignore[union-attr]
    assert len(texts) > 1
    assert final.stop_reason == whole.stop_reason
    assert final.usage.input_tokens == whole.usage.input_tokens
    assert final.usage.output_tokens == whole.usage.output_tokens


@pytest.mark.parametrize("stream", [False, True])
def test_it_calls_tools_and_takes_in_their_results(
    client: anthropic.Anthropic, stream: bool
) -> None:
    request = asked(WEATHER, tools=[TOOL], tool_choice={"type": "any"}, temperature=0)
    if stream:
        with client.messages.stream(**request) as opened:
            answer: Any = opened.get_final_message()
    else:
        answer = client.messages.create(**request)
    assert answer.stop_reason == "tool_use"
    (call,) = answer.content
    assert (call.type, call.name, call.input) == ("tool_use", "get_weather", {"city": "Oslo"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": '{"degrees": 21}'}
    request["messages"] += [
        {"role": "assistant", "content": answer.content},
        {"role": "user", "content": [result]},
    ]
    second = client.messages.create(**{**request, "tools": [], "tool_choice": {"type": "none"}})
    assert second.content[0].text == "It is 21 degrees in Oslo."  # type: ignore[union-attr]


def test_its_answers_follow_a_schema(client: anthropic.Anthropic) -> None:
    form = {"format": {"type": "json_schema", "schema": PERSON}}
    answer = client.messages.create(**asked(EXTRACT, temperature=0, output_config=form))
    found = Person.model_validate_json(answer.content[0].text)  # type: ignore[union-attr]
    assert found == Person(name="Dana", age=34)
    parsed = client.messages.parse(**asked(EXTRACT, temperature=0, output_format=Person))
    assert parsed.parsed_output == found


@pytest.mark.parametrize("stream", [False, True])
def test_it_declines(client: anthropic.Anthropic, stream: bool) -> None:
    if stream:
        with client.messages.stream(**asked(HARM)) as opened:
            answer: Any = opened.get_final_message()
    else:
        answer = client.messages.create(**asked(HARM))
    assert answer.content == []
    assert answer.stop_reason == "refusal"
    assert answer.stop_details.explanation


def test_it_raises_its_own_errors(
    client: anthropic.Anthropic, endpoint: Any, fresh: str, used_up: Any, policy: Any
) -> None:
    with pytest.raises(anthropic.BadRequestError) as wrong:
        client.messages.create(**asked(SUM, temperature=2))
    assert wrong.value.type == "invalid_request_error"
    body: Any = wrong.value.body
    assert body["type"] == "error"
    assert body["request_id"] == wrong.value.request_id
    for members, name, limit in (
        ({"n": 2}, "n", 1),
        ({"logprobs": True}, "logprobs", 0),
        ({"logprobs": True, "top_logprobs": 1}, "top_logprobs", 0),
    ):
        with pytest.raises(anthropic.BadRequestError) as beyond:
            client.messages.create(**asked(SUM, extra_body=members))
        problem = policy(beyond.value.body, "parameter-out-of-bounds")
        assert (problem["parameter"], problem["limit"]) == (name, limit)
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(**asked(SUM) | {"model": "other"})
    with pytest.raises(anthropic.AuthenticationError) as unknown:
        client.with_options(api_key="drs-test-nobody").messages.create(**asked(SUM))
    assert unknown.value.type == "authentication_error"

    def ask() -> Any:
        return client.messages.create(**asked(SUM) | {"max_tokens": 1})

    used_up(ask)
    with pytest.raises(anthropic.RateLimitError) as limited:
        ask()
    assert limited.value.type == "rate_limit_error"
    assert limited.value.request_id
    policy(limited.value.body, "abnormal-usage-detected")
    fields = limited.value.response.headers
    assert fields["anthropic-ratelimit-requests-limit"] == "5"
    assert fields["anthropic-ratelimit-requests-remaining"] == "0"
    begins = datetime.fromisoformat(fields["anthropic-ratelimit-requests-reset"])
    wait = timedelta(seconds=int(fields["retry-after"]))
    assert abs(begins - datetime.now(UTC) - wait) < timedelta(seconds=5)
    endpoint.flag(fresh, "ann")
    with pytest.raises(anthropic.PermissionDeniedError) as closed:
        ask()
    assert closed.value.type == "permission_error"
    policy(closed.value.body, "account-suspended")
