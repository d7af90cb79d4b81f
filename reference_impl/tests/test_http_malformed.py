"""Nothing that a client sends makes the endpoint fail."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PATH = "/v1/chat/completions"
GOOD: dict[str, Any] = {
    "model": "drs-reference-1",
    "messages": [{"role": "user", "content": "What is 1 + 2?"}],
    "max_tokens": 2,
}


CLOCK = {"type": "function", "function": {"name": "clock"}}


def schema_format(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


def nested(depth: int) -> dict[str, Any]:
    return {"items": nested(depth - 1)} if depth else {"type": "string"}


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [1]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "king", "content": ""}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "content[0].text"),
        ({"messages": [{"role": "tool", "content": 1}]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "tool_calls": [1]}]}, "messages[0].tool_calls[0]"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "tool_calls[0].function.name"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"frequency_penalty": []}, "frequency_penalty"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": 10**9}, "max_tokens"),
        ({"max_completion_tokens": 3}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"n": "2"}, "n"),
        ({"seed": 2**70}, "seed"),
        ({"stop": ""}, "stop"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": {"a": 1}}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
        ({"logprobs": 1}, "logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": -1}, "top_logprobs"),
        ({"logit_bias": {"900": 1}}, "logit_bias.900"),
        ({"logit_bias": {"a": 1}}, "logit_bias.a"),
        ({"logit_bias": {"\u0663": 1}}, "logit_bias"),
        ({"logit_bias": {"5": 101}}, "logit_bias.5"),
        ({"user": 5}, "user"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": schema_format({"type": "thing"})}, "response_format.json_schema"),
        ({"response_format": schema_format({"pattern": "(a+)+$"})}, "json_schema.schema"),
        ({"response_format": schema_format({"$ref": "#"})}, "json_schema.schema"),
        ({"response_format": schema_format(nested(20))}, "json_schema.schema"),
        ({"response_format": schema_format({"items": [1]})}, "json_schema.schema.items"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"tools": [{"type": "retrieval"}]}, "tools"),
        ({"tools": [CLOCK] * 65}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [CLOCK], "tool_choice": "never"}, "tool_choice"),
        ({"tools": [CLOCK], "tool_choice": {"function": {"name": "x"}}}, "tool_choice"),
        ({"tools": [CLOCK], "response_format": {"type": "json_object"}}, "response_format"),
        ({"modalities": ["audio"]}, "modalities"),
    ],
)
def test_the_error_names_the_member(
    endpoint: Any, fresh: str, members: dict[str, Any], named: str
) -> None:
    answer = endpoint.call(fresh, "POST", PATH, json={**GOOD, **members})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert named in error["param"]
    assert error["param"].split("[")[0].split(".")[0] in error["message"]
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b'{"\\ud800": 1}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"seed": ' + b"9" * 5000 + b"}",
        b'{"temperature": 1e999}',
    ],
)
def test_what_is_no_json_object_is_refused(endpoint: Any, fresh: str, body: bytes) -> None:
    answer = endpoint.call(fresh, "POST", PATH, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert answer.headers["ratelimit"]


def test_an_unknown_model_is_not_found(endpoint: Any, fresh: str) -> None:
    answer = endpoint.call(fresh, "POST", PATH, json={**GOOD, "model": "other"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    "members",
    [
        {"response_format": {"type": "text"}},
        {"user": "someone", "metadata": {"a": "b"}, "store": False},
        {"max_tokens": None, "max_completion_tokens": 2, "stop": None, "n": None},
        {"messages": [{"role": "developer", "content": "Be brief."}, *GOOD["messages"]]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
        {"messages": [{"role": "user", "content": ""}]},
        {"messages": [{"role": "user", "content": "\u4f60\u597d \U0001f600 \x00"}]},
    ],
)
def test_what_the_dialect_allows_is_accepted(endpoint: Any, fresh: str, members: Any) -> None:
    assert endpoint.call(fresh, "POST", PATH, json={**GOOD, **members}).status_code == 200


def test_a_large_body_is_refused_and_a_long_prompt_is_not(endpoint: Any, fresh: str) -> None:
    for path, persona in ((PATH, fresh), ("/drs/v1/appeals", fresh)):
        answer = endpoint.call(persona, "POST", path, content=b" " * (1024 * 1024 + 1))
        assert answer.status_code == 413
    long = {**GOOD, "messages": [{"role": "user", "content": "word " * 100_000}]}
    assert endpoint.call(fresh, "POST", PATH, json=long).status_code == 200


def test_many_members_hold_nobody_up(endpoint: Any, fresh: str) -> None:
    """Comparing each name with all others would take minutes here, in which nobody is answered."""
    many = ",".join(f'"{number}":0' for number in range(70_000))
    body = f'{{{many},"69999":1}}'.encode()
    answer = endpoint.call(fresh, "POST", PATH, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "69999"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
MEMBERS = [
    *("model", "messages", "temperature", "top_p", "n", "seed", "stop", "stream", "user"),
    *("stream_options", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs"),
    *("logit_bias", "presence_penalty", "frequency_penalty", "response_format", "tools"),
    *("metadata", "echo", "modalities"),
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=3))
def test_no_body_makes_it_fail(endpoint: Any, fresh: str, members: dict[str, Any]) -> None:
    body = json.dumps({**GOOD, **members})
    headers = {"Authorization": f"Bearer {endpoint.keys[fresh]}"}
    answer = httpx.post(endpoint.url + PATH, content=body, headers=headers, trust_env=False)
    assert answer.status_code in (200, 400, 404), (answer.status_code, body)
    if answer.status_code != 200:
        assert answer.json()["error"]["message"]


def test_broken_http_does_not_stop_the_server(endpoint: Any) -> None:
    address = (urlsplit(endpoint.url).hostname, urlsplit(endpoint.url).port)
    key = endpoint.keys["control"]
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    for request in (
        b"\x00\x01\x02\r\n\r\n",
        head.encode() + b"Content-Length: -5\r\n\r\n",
        head.encode() + b"Content-Length: 900\r\n\r\nhalf",
        head.encode() + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /drs/v1/account HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
    ):
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        assert b" 500 " not in answer.split(b"\r\n")[0]
    assert endpoint.standing("control")["standing"] == "standing"
    assert "Traceback" not in endpoint.log
