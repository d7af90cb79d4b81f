"""Formats and patterns accept and refuse what RFC 3339, RFC 3986 and ECMA-262 say."""

import datetime

import pytest
from drs_conformance.specification.formats import ecma_pattern, is_date, is_date_time, is_uri
from hypothesis import given
from hypothesis import strategies as st


@given(st.datetimes(timezones=st.just(datetime.UTC)))
def test_every_time_that_python_writes_is_a_date_time(moment):
    assert is_date_time(moment.isoformat())
    assert is_date_time(moment.isoformat().replace("+00:00", "Z"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T00:00:00Z",
        "2026-12-31T23:59:60Z",
        "2026-03-01t00:00:00.25z",
        "2024-02-29T12:00:00-23:59",
    ],
)
def test_date_times(text):
    assert is_date_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00Z",
        "2026-03-01 00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T00:00:61Z",
        "2026-03-01T00:00:00",
        "2026-03-01T00:00:00+24:00",
        "2026-03-01T00:00Z",
        "2026-03-01T00:00:00Z\n",
        "٢٠٢٦-03-01T00:00:00Z",
        "",
    ],
)
def test_no_date_times(text):
    assert not is_date_time(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2024-02-29", True), ("2026-02-29", False), ("20260301", False), ("2026-W10-1", False)],
)
def test_dates(text, expected):
    assert is_date(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "https://api.example.org:8443/a/b?c=d#e",
        "mailto:appeals@example.org",
        "urn:uuid:0b2e9a8e-6a3e-4a6e-9d7e-1f1b2c3d4e5f",
        "http://[::1]:80/",
        "about:blank",
        "https://example.org/%C3%A9",
    ],
)
def test_uris(text):
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "/relative",
        "//host/path",
        "example.org",
        "https://exa mple.org",
        "https://e/%zz",
        "1a:b",
        "https://e/\n",
        "https://é/",
        "",
    ],
)
def test_no_uris(text):
    assert not is_uri(text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("^a$", "a", True),
        ("^a$", "a\n", False),
        (r"^\d$", "7", True),
        (r"^\d$", "٧", False),
        (r"^[\d-]$", "٧", False),
        (r"^[^\w]$", "é", True),
        (r"^\w$", "é", False),
        (r"^[$]$", "$", True),
        (r"^\$$", "$", True),
        (r"\\$", "\\", True),
    ],
)
def test_patterns_are_read_as_json_schema_means_them(pattern, text, expected):
    assert bool(ecma_pattern(pattern).search(text)) is expected
