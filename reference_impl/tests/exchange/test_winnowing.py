"""Keyed winnowing: the vector of the annex, the definition word by word, and time."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b
from random import Random
from time import process_time
from typing import Any

import pytest
from drs_reference.exchange.winnowing import containment, fingerprints
from drs_reference.exchange.words import WORDS_MAX, words
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = bytes(range(32))
TEXTS = st.text("ab cd\u00e9\u0301\u017f\ufb01\u0130 .,-\n_1\u0662\u2167", max_size=60)


def naive_words(text: str) -> list[str]:
    """Return the words as the chapter says, a character at a time."""
    spaced = "".join(
        character
        if unicodedata.category(character)[0] in "LM" or unicodedata.category(character) == "Nd"
        else " "
        for character in unicodedata.normalize("NFKC", text).casefold()
    )
    return [word for word in spaced.split(" ") if word]


def naive(text: str, key: bytes, k: int, w: int) -> frozenset[str]:
    said = naive_words(text)
    grams = [" ".join(said[at : at + k]) for at in range(len(said) - k + 1)]
    hashes = [
        int.from_bytes(blake2b(gram.encode(), key=key, digest_size=8).digest(), "big")
        for gram in grams
    ]
    if not hashes:
        return frozenset()
    windows = [hashes[at : at + w] for at in range(max(1, len(hashes) - w + 1))]
    return frozenset(f"{min(window):016x}" for window in windows)


def test_the_vector_of_the_annex(worked_examples: dict[str, Any]):
    example = worked_examples["Fingerprints of a prompt"]
    made = {
        name: fingerprints(example[name]["text"], KEY, example["k"], example["w"])
        for name in ("signature", "request")
    }
    for name, found in made.items():
        assert sorted(found) == example[name]["fingerprints"]
    assert containment(made["signature"], made["request"]) == example["containment"]


@settings(deadline=None)
@given(TEXTS, st.integers(1, 6), st.integers(1, 6))
def test_fingerprints_are_those_of_the_definition(text: str, k: int, w: int):
    assert fingerprints(text, KEY, k, w) == naive(text, KEY, k, w)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_words_are_those_of_the_definition(text: str):
    assert words(text) == naive_words(text)


@pytest.mark.parametrize(
    "same",
    [
        "Rate the answer by rubric seven",
        "rate  THE\tanswer,\nby (rubric) seven!",
        "\uff32\uff21\uff34\uff25 the answer by rubric seven",
        "rate\u3000the answer\u2026by rubric\u2014seven",
    ],
)
def test_case_width_and_punctuation_make_no_difference(same: str):
    assert fingerprints(same, KEY, 3, 2) == fingerprints(
        "rate the answer by rubric seven", KEY, 3, 2
    )


def test_marks_belong_to_their_words():
    assert words("e\u0301te\u0301 \u0939\u093f\u0928\u094d\u0926\u0940 a_b 1\u00b2") == [
        "\u00e9t\u00e9",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "a",
        "b",
        "12",
    ]


@pytest.mark.parametrize("text", ["", "...", "one two three four", "\x00\ud800 \udfff"])
def test_too_few_words_have_no_fingerprint(text: str):
    assert fingerprints(text, KEY, 5, 4) == frozenset()


def test_half_of_a_surrogate_pair_is_no_letter():
    assert fingerprints("a b\ud800c d e", KEY, 5, 4) == fingerprints("a b c d e", KEY, 5, 4)


def test_the_key_and_the_parameters_are_part_of_it():
    text = " ".join(f"word{number}" for number in range(40))
    made = [fingerprints(text, *way) for way in ((KEY, 5, 4), (b"k", 5, 4), (KEY, 6, 4))]
    assert not made[0] & made[1]
    assert not made[0] & made[2]


@pytest.mark.parametrize(
    ("key", "k", "w"), [(b"", 5, 4), (bytes(65), 5, 4), (KEY, 0, 4), (KEY, 5, 0)]
)
def test_what_makes_no_fingerprint_is_refused(key: bytes, k: int, w: int):
    with pytest.raises(ValueError, match=r"1 to 64 bytes|at least one"):
        fingerprints("one two three four five six", key, k, w)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_a_varied_template_contains_what_an_unrelated_text_does_not(seed: int):
    rng = Random(seed)
    vocabulary = [f"w{number}" for number in range(500)]
    template = rng.choices(vocabulary, k=120)
    # A fifth of the words in slots of four.
    varied = list(template)
    for start in rng.sample(range(0, 120, 4), 6):
        varied[start : start + 4] = rng.choices(vocabulary, k=4)
    unrelated = rng.choices([f"v{number}" for number in range(500)], k=120)
    signature = fingerprints(" ".join(template), KEY, 5, 4)
    assert containment(signature, fingerprints(" ".join(varied), KEY, 5, 4)) > 0.2
    assert containment(signature, fingerprints(" ".join(unrelated), KEY, 5, 4)) == 0


def test_a_copied_passage_of_eight_words_is_always_found():
    """A passage of w + k - 1 words holds a whole window (Schleimer et al., section 3)."""
    rng = Random(5)
    for _ in range(50):
        passage = [f"p{rng.randrange(10**6)}" for _ in range(8)]
        one, other = (
            " ".join(
                [*(f"{side}{n}" for n in range(9)), *passage, *(f"{side}{n}" for n in range(9))]
            )
            for side in "xy"
        )
        assert fingerprints(one, KEY, 5, 4) & fingerprints(other, KEY, 5, 4)


def test_containment_of_nothing_is_nothing():
    assert containment(frozenset(), frozenset(["0"])) == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "a " * (1 << 19),
        "a" * (1 << 20),
        "\ufdfa " * (1 << 16),
        "e" + "\u0301\u0323" * (1 << 18),
        "\u0344" * (1 << 16),
        "\uac00\u11a8" * (1 << 16),
    ],
    ids=["words", "word", "expansion", "marks", "double marks", "hangul"],
)
def test_no_text_holds_up_a_request(text: str):
    start = process_time()
    fingerprints(text, KEY, 32, 64)
    assert process_time() - start < 8


def test_what_comes_after_the_bound_is_left_out():
    text = " ".join(str(number) for number in range(WORDS_MAX + 100))
    kept = " ".join(str(number) for number in range(WORDS_MAX))
    assert words(text) == words(kept)


def test_a_few_marks_too_many_change_nothing():
    """Rows of marks up to thirty are normalised as a whole."""
    text = "x e" + "\u0323\u0301" * 15 + " y"
    assert words(text) == naive_words(text)
