"""Choosing tokens, held-back text and what is reported of the distribution."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from drs_reference.gateway.sampling import (
    Emission,
    Generation,
    Sampling,
    adjusted,
    choose,
    generator,
    log_probabilities,
    most_probable,
)
from drs_reference.model import LanguageModel
from hypothesis import given, settings
from hypothesis import strategies as st

MODEL = LanguageModel.load()
STORY = [("user", "Tell me a story.")]


def run(sampling: Sampling, choices: int = 1, alternatives: int = 0) -> list[Emission]:
    work = Generation(MODEL, STORY, sampling, choices=choices, alternatives=alternatives)
    return list(work.emissions())


def text(emissions: list[Emission], choice: int = 0) -> str:
    return "".join(emission.text for emission in emissions if emission.choice == choice)


def test_draws_follow_the_distribution() -> None:
    logits, rng = np.log(np.array([0.5, 0.3, 0.2], np.float32)), np.random.default_rng(1)
    drawn = Counter(choose(logits.astype(float), Sampling(), rng) for _ in range(20_000))
    assert [drawn[i] / 20_000 for i in range(3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.015)


def test_temperature_sharpens() -> None:
    scores, rng = np.log(np.array([0.6, 0.4])), np.random.default_rng(1)
    drawn = Counter(choose(scores, Sampling(temperature=0.5), rng) for _ in range(20_000))
    assert drawn[0] / 20_000 == pytest.approx(0.36 / 0.52, abs=0.015)
    assert {choose(scores, Sampling(temperature=0), rng) for _ in range(50)} == {0}
    assert {choose(scores, Sampling(temperature=5e-324), rng) for _ in range(50)} == {0}


def test_the_nucleus_is_the_smallest_set_that_reaches_top_p() -> None:
    scores, rng = np.log(np.array([0.2, 0.5, 0.3])), np.random.default_rng(1)
    for top_p, allowed in ((0.0, {1}), (0.5, {1}), (0.6, {1, 2}), (0.81, {0, 1, 2})):
        assert {choose(scores, Sampling(top_p=top_p), rng) for _ in range(400)} == allowed


@given(
    st.lists(st.one_of(st.floats(-50, 50), st.just(-np.inf)), min_size=1, max_size=20),
    st.floats(0, 2),
    st.floats(0, 1),
    st.integers(0, 99),
)
def test_an_impossible_token_is_never_drawn(
    scores: list[float], temperature: float, top_p: float, seed: int
) -> None:
    array = np.array([*scores, 0.0])
    drawn = choose(array, Sampling(temperature=temperature, top_p=top_p), generator(seed, 0))
    assert np.isfinite(array[drawn])


def test_penalties_and_bias_follow_the_dialect() -> None:
    counts = np.array([0.0, 1.0, 3.0])
    sampling = Sampling(presence_penalty=0.5, frequency_penalty=0.25, logit_bias={0: -1.0})
    scores = adjusted(np.zeros(3, np.float32), sampling, counts)
    assert scores.tolist() == [-1.0, -0.75, -1.25]


def test_a_seed_repeats_and_choices_differ() -> None:
    first, again = (run(Sampling(seed=5), choices=2) for _ in range(2))
    assert first == again
    assert text(first, 0) != text(first, 1)
    assert text(run(Sampling(seed=6))) != text(first)
    assert text(run(Sampling(seed=-5))) == text(run(Sampling(seed=-5)))


@settings(deadline=None, max_examples=15)
@given(
    st.floats(0, 2),
    st.floats(0.05, 1),
    st.integers(0, 2**63),
    st.integers(1, 4),
    st.floats(-2, 2),
)
def test_what_is_reported_of_a_position_depends_only_on_the_text_before(
    temperature: float, top_p: float, seed: int, choices: int, penalty: float
) -> None:
    sampling = Sampling(
        temperature=temperature,
        top_p=top_p,
        seed=seed,
        presence_penalty=penalty,
        max_tokens=3,
    )
    for emission in run(sampling, choices, alternatives=5):
        for token in emission.tokens:
            assert token.logprob <= token.alternatives[0].logprob
    first = [e.tokens[0].alternatives for e in run(sampling, choices, 5) if e.tokens][:choices]
    expected = most_probable(log_probabilities(MODEL.start(STORY).logits()), 5)
    assert first == [expected] * choices


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_text_ends_before_the_first_stop_sequence(data: st.DataObject) -> None:
    whole = text(run(Sampling(seed=1, max_tokens=40)))
    stops = []
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(whole) - 1))
        stops.append(whole[begin : begin + data.draw(st.integers(1, 12))])
    emissions = run(Sampling(seed=1, max_tokens=40, stop=tuple(stops)))
    kept = text(emissions)
    assert whole.startswith(kept)
    assert any(whole.startswith(stop, len(kept)) for stop in stops)
    assert not any(stop in kept for stop in stops)
    assert emissions[-1].finish == "stop"


def test_nothing_is_lost_when_a_stop_sequence_does_not_complete() -> None:
    whole = run(Sampling(seed=1, max_tokens=40))
    held = run(Sampling(seed=1, max_tokens=40, stop=(text(whole)[3:9] + "#", "zz")))
    assert text(held) == text(whole)
    assert [t for e in held for t in e.tokens] == [t for e in whole for t in e.tokens]


def test_the_length_is_kept() -> None:
    emissions = run(Sampling(seed=3, max_tokens=7))
    assert sum(len(emission.tokens) for emission in emissions) == 7
    assert emissions[-1].finish == "length"
