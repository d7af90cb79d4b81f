"""The official client, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

MODEL = "drs-reference-1"


@pytest.fixture
def client(endpoint: Any, fresh: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=endpoint.url + "/v1", api_key=endpoint.keys[fresh], max_retries=0
    ) as opened:
        yield opened


def ask(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_it_gets_an_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=ask("What is 47 + 85?"), temperature=0
    )
    assert "132" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0


def test_it_streams(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model=MODEL,
        messages=ask("Tell me a story."),
        stream=True,
        seed=4,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    whole = client.chat.completions.create(model=MODEL, messages=ask("Tell me a story."), seed=4)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage


def test_it_reads_logprobs(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model=MODEL,
        messages=ask("Tell me a story."),
        logprobs=True,
        top_logprobs=3,
        max_tokens=5,
        n=2,
    )
    for choice in answer.choices:
        assert choice.logprobs is not None
        tokens = choice.logprobs.content or []
        assert "".join(token.token for token in tokens) == choice.message.content
        assert all(len(token.top_logprobs) == 3 for token in tokens)
        assert all(bytes(token.bytes or []).decode() == token.token for token in tokens)


def test_it_raises_its_own_errors(client: openai.OpenAI, endpoint: Any, fresh: str) -> None:
    with pytest.raises(openai.BadRequestError) as wrong:
        client.chat.completions.create(
            model=MODEL, messages=ask("Hi"), logprobs=True, top_logprobs=9
        )
    assert wrong.value.param == "top_logprobs"
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="other", messages=ask("Hi"))
    for _ in range(2):
        endpoint.flag(fresh)
    for _ in range(5):
        client.chat.completions.create(model=MODEL, messages=ask("Hi"), max_tokens=1)
    with pytest.raises(openai.RateLimitError) as limited:
        client.chat.completions.create(model=MODEL, messages=ask("Hi"), max_tokens=1)
    assert int(limited.value.response.headers["retry-after"]) > 0
    endpoint.flag(fresh, "ann")
    with pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(model=MODEL, messages=ask("Hi"))
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="drs-test-nobody").models.list()


def test_it_lists_the_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
