"""Rate-limit fields, read as their specifications say and no other way."""

import contextlib
from datetime import UTC, datetime

import pytest
from drs_conformance.dialects.rate_limit import (
    Limit,
    MalformedField,
    Policy,
    parse_limits,
    parse_policies,
    parse_retry_after,
)
from drs_conformance.dialects.structured_fields import Date, Token, parse_list
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
