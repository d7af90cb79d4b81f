"""Documents with one meaning: what two readers could read in two ways is refused."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from time import process_time

import pytest
import rfc8785
from drs_reference.exchange.canonical import NoCanonicalFormError, canonical, digest, parse
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abé", max_size=3), inner),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abcé", max_size=4), VALUES, max_size=5))
def test_the_form_is_that_of_rfc_8785_and_reads_as_itself(document: dict[str, object]):
    form = canonical(document)
    assert form == rfc8785.dumps(document)
    assert canonical(parse(form)) == form
    assert canonical(parse(json.dumps(document, indent=1).encode())) == form


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"a": 1, "a": 1}', "twice"),
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', "twice"),
        (b'{"a": 1, "\\u0061": 2}', "twice"),
        (b'{"a": 9007199254740992}', "exactly"),
        (b'{"a": [-9007199254740993]}', "exactly"),
        (b'{"a": 1e16}', "exactly"),
        (b'{"a": 1e400}', "form"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b"\xef\xbb\xbf{}", "JSON"),
        (b'{"a": 1} {}', "JSON"),
        (b'{"a": 01}', "JSON"),
        (b'{"a": 1,}', "JSON"),
        (b"[]", "object"),
        (b'"a"', "object"),
        (b"", "JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "digits"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "deep"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep"),
        (b'{"a":' + b"[" * 200_000, "deep"),
    ],
)
def test_what_has_two_readings_is_refused(text: bytes, said: str):
    with pytest.raises(NoCanonicalFormError, match=said):
        parse(text)


def test_the_largest_whole_number_and_the_greatest_depth_pass():
    assert parse(b'{"a":9007199254740991}') == {"a": 2**53 - 1}
    assert parse(b'{"a":' * 32 + b"1" + b"}" * 32)


def test_what_json_does_not_have_is_refused_too():
    for value in (float("nan"), float("inf"), {1: 2}, object(), b"x", "\ud800"):
        with pytest.raises(NoCanonicalFormError):
            canonical({"a": value})


def test_the_digest_is_that_of_the_form():
    document = {"b": 1.0, "a": "\u20ac"}
    form = '{"a":"\u20ac","b":1}'.encode()
    assert digest(document) == "sha256:" + hashlib.sha256(form).hexdigest()


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes):
    with suppress(NoCanonicalFormError):
        assert canonical(parse(text))


def test_a_wide_document_is_read_in_time_that_grows_with_it():
    start = process_time()
    parse(json.dumps({str(number): number for number in range(50_000)}).encode())
    assert process_time() - start < 5
