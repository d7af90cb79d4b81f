"""Any ASCII text survives the tokenizer, and no text smuggles in a special token."""

from __future__ import annotations

import string

from drs_reference.model.tokenizer import SPECIALS, UNKNOWN, Tokenizer
from hypothesis import example, given
from hypothesis import strategies as st

TOKENIZER = Tokenizer()
ASCII = st.text(alphabet=[*map(chr, range(32, 127)), "\n", "\t"])


@given(ASCII)
@example(' the theory {"name": "f(x)"}} -> 12')
@example("")
def test_ascii_text_comes_back(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.decode(ids) == text
    assert "".join(map(TOKENIZER.token_text, ids)) == text
    assert UNKNOWN not in ids


@given(st.text())
def test_each_character_outside_ascii_is_one_unknown(text: str) -> None:
    known = {chr(code) for code in range(32, 127)} | {"\n", "\t"}
    assert TOKENIZER.encode(text).count(UNKNOWN) == sum(c not in known for c in text)


@given(st.lists(st.sampled_from([*SPECIALS, "a", " "])).map("".join))
def test_names_of_special_tokens_are_plain_text(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert all(i >= len(SPECIALS) for i in ids)
    assert TOKENIZER.decode(ids) == text


def test_vocabulary_is_closed_and_small() -> None:
    assert len(TOKENIZER.vocabulary) <= 256
    assert set(string.printable[:95]) <= set(TOKENIZER.vocabulary)


def test_frequent_words_are_one_token() -> None:
    assert len(TOKENIZER.encode(" answer is")) == 2
