"""Text on the page hides nothing, changes nothing and stays text."""

from __future__ import annotations

import html
import json
import re

import pytest
from drs_conformance.reports.html_text import BODY_SHOWN, body, prose, shown
from hypothesis import given
from hypothesis import strategies as st

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


def read_back(markup: str) -> str:
    """Return what a reader takes from the page, boxes turned back into what they stand for."""
    boxed = re.sub(
        '<span class="point">⟦U\\+([0-9A-F]+)⟧</span>',
        lambda match: f"&box{int(match[1], 16)};",
        markup,
    )
    plain = html.unescape(re.sub("<[^>]*>", "", boxed))
    return re.sub("&box([0-9]+);", lambda match: chr(int(match[1])), plain)


@given(ANY_TEXT.filter(lambda text: "&" not in text))
def test_no_character_is_lost_or_hidden(text: str) -> None:
    page = str(shown(text))
    page.encode("utf-8")
    assert all(character.isprintable() or character in "\t\n" for character in page)
    assert read_back(page) == text


@pytest.mark.parametrize("point", [0x00, 0x1B, 0x9B, 0x202E, 0x2066, 0x200B, 0xAD, 0xD800, 0xE0041])
def test_a_hidden_character_is_boxed(point: int) -> None:
    assert f'<span class="point">⟦U+{point:04X}⟧</span>' in shown(f"a{chr(point)}b")


def test_a_box_cannot_be_imitated() -> None:
    assert "point" not in shown("⟦U+202E⟧")
    assert "<span" not in shown('<span class="point">')


def test_piled_up_marks_are_spelt_out() -> None:
    assert "point" not in shown("e\u0301")
    assert str(shown("e" + "\u0301" * 50)).count("point") == 47


def test_a_long_text_is_cut_with_a_note() -> None:
    assert "the first 10 of 1,000,000 characters are shown" in shown("x" * 1_000_000, 10)
    assert "are shown" not in shown("x" * 10, 10)


@given(JSON.filter(lambda value: isinstance(value, dict | list)))
def test_json_is_laid_out_and_stays_the_same_json(value: object) -> None:
    text = json.dumps(value)
    laid_out = re.sub('<span class="point">.*?</span>', "", body(text))
    if len(text) <= BODY_SHOWN:
        assert json.loads(html.unescape(laid_out)) == value


def test_json_keeps_members_given_twice_and_odd_numbers() -> None:
    seen = html.unescape(str(body('{"a":1,"a":2.50,"b":1e2,"c":[],"d":{}}')))
    assert seen == '{\n  "a": 1,\n  "a": 2.50,\n  "b": 1e2,\n  "c": [],\n  "d": {}\n}'


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "<b>", '{"a":' * 5000, '"' * 9999, "\\" * 99])
def test_a_body_that_is_no_json_is_shown_as_it_came(text: str) -> None:
    assert html.unescape(str(body(text))).startswith(text[:BODY_SHOWN])


def test_prose_shows_code_and_escapes_it() -> None:
    assert prose("a `<b>` c") == "a <code>&lt;b&gt;</code> c"
    assert "<code>" not in prose("one ` only")
