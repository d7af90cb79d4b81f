"""The small readers that checks rest on."""

from __future__ import annotations

import pytest
from drs_conformance.checks.cache_control import seconds_kept
from drs_conformance.checks.episodes import local_path
from drs_conformance.checks.numbers_inside import numbers_from_inside
from drs_conformance.checks.pointers import matches
from drs_conformance.checks.requirement import Violation, expect


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("max-age=60", 60),
        ("public, max-age=60", 60),
        ("Max-Age=60, S-MaxAge=90", 90),
        ('max-age="60"', 60),
        ("no-store, max-age=60", 0),
        ("no-cache", 0),
        ("public", None),
        ("max-age=soon", None),
        ("max-age=-1", None),
        ("max-age=soon, s-maxage=8", 8),
        ("MAX-AGE = 60 , Public", 60),
        ("", None),
    ],
)
def test_cache_control_says_how_long(field: str, seconds: int | None) -> None:
    assert seconds_kept(field) == seconds


def test_a_number_too_long_for_python_is_a_very_long_time() -> None:
    kept = seconds_kept(f"max-age={'9' * 5000}")
    assert kept is not None
    assert kept > 10**9


def test_pointers_with_a_star_name_every_member() -> None:
    document = {"a": [{"b": 1}, {"b": 2}], "c": {"x": 3, "y": 4}}
    assert list(matches(document, "/a/*/b")) == [("/a/0/b", 1), ("/a/1/b", 2)]
    assert list(matches(document, "/c/*")) == [("/c/x", 3), ("/c/y", 4)]
    assert list(matches(document, "/c/x")) == [("/c/x", 3)]
    assert list(matches(document, "/a/*/z")) == []


PLAIN = {
    "id": "c",
    "created": 1700000000.5,
    "choices": [{"index": 0, "message": {"content": "0.5"}, "logprobs": None}],
    "usage": {"prompt_tokens": 5, "cost": 0.25},
}


def test_an_ordinary_answer_holds_no_numbers_from_inside() -> None:
    assert numbers_from_inside(PLAIN, 2) is None


@pytest.mark.parametrize(
    "extra",
    [
        {"prompt_logprobs": [None, -0.5]},
        {"choices": [{"hidden_states": [[0.1, 0.2]]}]},
        {"choices": [{"logprobs": {"content": [{}] * 3}}]},
        {"debug": {"layers": {"last": {"norm": 3.25}}}},
    ],
)
def test_numbers_from_inside_are_found_wherever_they_stand(extra: dict[str, object]) -> None:
    assert numbers_from_inside({**PLAIN, **extra}, 2) is not None


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/drs/v1/appeals/a", "/drs/v1/appeals/a"),
        ("https://lab.example/x", "/x"),
        ("https://other.example/x", None),
        ("//other.example/x", None),
        ("/with space", None),
        ("relative", None),
        (None, None),
    ],
)
def test_a_location_is_followed_below_the_root_only(location, path) -> None:
    assert local_path(location, "https://lab.example") == path


class Shown:
    id = "x-000007"


def test_expect_raises_with_its_evidence_once() -> None:
    expect(True, "never seen")
    with pytest.raises(Violation) as raised:
        expect(False, "said", Shown(), Shown(), cause="because")
    assert raised.value.evidence == ("x-000007",)
    assert (raised.value.summary, raised.value.cause) == ("said", "because")
