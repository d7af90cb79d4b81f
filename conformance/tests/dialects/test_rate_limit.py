"""Rate-limit fields, read as their specifications say and no other way."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from drs_conformance.dialects.quota_fields import parse_duration, seconds_to_wait
from drs_conformance.dialects.rate_limit import (
    Limit,
    MalformedField,
    Policy,
    parse_limits,
    parse_policies,
    parse_retry_after,
)
from drs_conformance.dialects.structured_fields import Date, Token, parse_list
from drs_conformance.ledger import classify
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 6, 8, 49, 7, tzinfo=UTC)


def test_policies():
    assert parse_policies('"default";q=600;w=60') == (Policy("default", 600, 60),)
    assert parse_policies(' "a";q=1, "b\\"\\\\";w=2;q=3;qu="tokens";pk=:AA==:;x') == (
        Policy("a", 1),
        Policy('b"\\', 3, 2, "tokens"),
    )
    assert parse_policies('"a";q=1;q=2') == (Policy("a", 2),)


def test_limits():
    assert parse_limits('"default";r=599;t=60') == (Limit("default", 599, 60),)
    assert parse_limits('"a";r=0\t,\t"b";r=1') == (Limit("a", 0), Limit("b", 1))


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "default;q=600",
        '"default"',
        '"default";w=60',
        '"default";q="600"',
        '"default";q=6.5',
        '"default";q=-1',
        '"default";q',
        '"default";q=?1',
        '"default";q=1;w=a',
        '"default";q=1;qu=5',
        '"default";q=1,',
        '"default";q=1 "b";q=1',
        '"default;q=1',
        '"d\\efault";q=1',
        '"défault";q=1',
        "'default';q=1",
        '"default" ;q=1',
        '"default";q =1',
        '"default";Q=1',
        '"default";q=1000000000000000',
        '("default");q=1',
        "600",
        "limit=600, remaining=5",
        "\t" + '"default";q=1',
    ],
)
def test_other_policies_are_malformed(value):
    with pytest.raises(MalformedField):
        parse_policies(value)


@pytest.mark.parametrize("value", ['"a";q=1', '"a";r=x', '"a";r=1;t=-1', "60"])
def test_other_limits_are_malformed(value):
    with pytest.raises(MalformedField):
        parse_limits(value)


def test_every_kind_of_item():
    value = '1, -2.5, "s", tok/en:1, :YWI=:, ?1, ?0, @-5, %"f%c3%bc"'
    assert [item for item, _ in parse_list(value)] == [
        1, -2.5, "s", Token("tok/en:1"), b"ab", True, False, Date(-5), "fü",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        "1.",
        "1.2345",
        "1234567890123.0",
        "-",
        ":a:",
        ":a",
        "?2",
        "@1.5",
        '%"%C3"',
        '%"%ff"',
        "é",
        ";a",
    ],
)
def test_other_items_are_malformed(value):
    with pytest.raises(MalformedField):
        parse_list(value)


@given(st.text(max_size=40) | st.text('"=;,:?@%\\ abqw019.-', max_size=40))
def test_parsing_never_fails_otherwise(value):
    for parse in (parse_policies, parse_limits, lambda text: parse_retry_after(text, NOW)):
        with contextlib.suppress(MalformedField):
            assert parse(value) is not None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("Fri, 06 Nov 2026 08:49:37 GMT", 30),
        ("Friday, 06-Nov-26 08:49:37 GMT", 30),
        ("Fri Nov  6 08:49:37 2026", 30),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
        ("Tue, 30 Jun 2026 23:59:60 GMT", 0),
    ],
)
def test_retry_after(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


def test_retry_after_rounds_up():
    assert parse_retry_after("Fri, 06 Nov 2026 08:49:08 GMT", NOW.replace(microsecond=900_000)) == 1


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-1",
        "1.5",
        "1s",
        "soon",
        "Fri, 31 Feb 2026 08:49:37 GMT",
        "Fri, 06 Nov 2026 08:49:37 CET",
        "Fri, 06 Nov 2026 25:49:37 GMT",
        "2026-11-06T08:49:37Z",
        "٣",
    ],
)
def test_other_waits_are_malformed(value):
    with pytest.raises(MalformedField):
        parse_retry_after(value, NOW)


def refused(exchange, headers, body=b"{}"):
    return replace(
        exchange(body, status=429),
        headers=tuple(headers.items()),
        received_at="2026-11-06T08:49:07.000000Z",
    )


RETRY_INFO = {
    "error": {
        "code": 429,
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure"},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "38.5s"},
        ],
    }
}


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, b"{}", None),
        ({"Retry-After": "7", "RateLimit": '"a";r=0;t=60'}, b"{}", 7),
        ({"Retry-After": "Fri, 06 Nov 2026 08:49:37 GMT"}, b"{}", 30),
        ({"Retry-After": "soon", "RateLimit": '"a";r=0;t=60, "b";r=1;t=900'}, b"{}", 60),
        ({"RateLimit": '"a";r=0'}, b"{}", None),
        ({"RateLimit": "nonsense"}, b"{}", None),
        (
            {
                "X-RateLimit-Remaining-Requests": "0",
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-tokens": "12",
                "x-ratelimit-reset-tokens": "1h",
            },
            b"{}",
            360,
        ),
        (
            {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "17ms"},
            b"{}",
            1,
        ),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "soon"}, b"{}", None),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-06T08:50:07Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-06T08:49:17Z",
            },
            b"{}",
            60,
        ),
        (
            {
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2026-11-06T08:50:07",
            },
            b"{}",
            None,
        ),
        ({}, RETRY_INFO, 39),
        ({}, {"error": {"details": [{"@type": "x", "retryDelay": "5s"}]}}, None),
        ({}, {"error": {"details": "wait"}}, None),
    ],
)
def test_what_each_dialect_says_of_waiting(exchange, headers, body, seconds):
    assert seconds_to_wait(refused(exchange, headers, body)) == seconds


def test_retry_info_is_a_limiter_that_speaks(exchange):
    assert classify(refused(exchange, {}, RETRY_INFO)) == "policy"
    assert classify(refused(exchange, {}, {"error": {"code": 429}})) == "infrastructure"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360), ("1h2m3.5s", 3723.5), ("20ms", 0.02), ("0s", 0), ("1us", 1e-6)],
)
def test_durations(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "6", "m", "6m0", "-1s", "1 s", "6x", "1s ", "1.s"])
def test_no_durations(text):
    with pytest.raises(MalformedField, match="6m0s"):
        parse_duration(text)
