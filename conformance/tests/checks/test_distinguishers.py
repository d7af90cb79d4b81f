"""Distinguishers find what one response shows, and nothing where there is nothing."""

from __future__ import annotations

import random

import pytest
from drs_conformance.checks.distinguishers import advantage, panel
from drs_conformance.checks.votes import vote_gain

WORDS = ("the", "a", "fox", "ran", "over", "hill", "and", "river", "moon", "then", "slept", "under")


def texts(rng: random.Random, count: int, length: int = 20, extra: str = "") -> list[str]:
    return [
        " ".join([*rng.choices(WORDS, k=length), *([extra] if extra else [])]) for _ in range(count)
    ]


def taught(plain: list[str], perturbed: list[str]) -> dict[str, float]:
    """Return the advantages on the second halves, after two rounds of the first ones."""
    half, quarter = len(plain) // 2, len(plain) // 4
    found = {}
    for name, distinguisher in panel().items():
        distinguisher.learn(plain[:quarter], perturbed[:quarter])
        distinguisher.learn(plain[quarter:half], perturbed[quarter:half])
        found[name] = advantage(distinguisher, plain[half:], perturbed[half:])
    return found


@pytest.mark.parametrize("seed", range(5))
def test_equal_responses_give_no_advantage(seed: int) -> None:
    rng = random.Random(seed)
    found = taught(texts(rng, 400), texts(rng, 400))
    assert all(abs(value) < 0.25 for value in found.values()), found


def test_each_sees_what_it_is_for() -> None:
    rng = random.Random(1)
    plain = texts(rng, 200)
    assert taught(plain, texts(rng, 200, length=25))["length"] > 0.9
    assert taught(plain, texts(rng, 200, length=15))["length"] > 0.9
    assert taught(plain, texts(rng, 200, extra="indeed"))["words"] > 0.8
    monotonous = [" ".join([rng.choice(WORDS)] * 20) for _ in range(200)]
    assert taught(plain, monotonous)["variety"] > 0.9
    long_words = [" ".join(f"{word}{word}" for word in text.split()) for text in texts(rng, 200)]
    assert taught(plain, long_words)["length of words"] > 0.9


def test_what_is_learnt_in_rounds_is_learnt() -> None:
    rng = random.Random(2)
    distinguisher = panel()["length"]
    distinguisher.learn(["one two"], ["one two three"])
    distinguisher.learn(texts(rng, 50, 30), texts(rng, 50, 10))
    assert advantage(distinguisher, texts(rng, 50, 30), texts(rng, 50, 10)) > 0.9


def test_empty_responses_are_responses() -> None:
    for distinguisher in panel().values():
        distinguisher.learn(["", "a"], ["", "b"])
        assert distinguisher.flags("") in (True, False)


@pytest.mark.parametrize(
    ("plain", "repeated", "gain"),
    [
        ("a", ["a", "a", "a"], 0.0),
        ("a", ["b", "b", "b"], 0.0),
        ("a", ["a", "a", "b", "c"], 0.5),
        ("a", ["b", "b", "a", "c"], -0.25),
    ],
)
def test_a_vote_is_compared_with_its_voters(plain: str, repeated: list[str], gain: float) -> None:
    assert vote_gain(plain, repeated) == gain
