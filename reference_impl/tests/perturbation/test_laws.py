"""What a key does to a law, and what is left of that on average over keys."""

from __future__ import annotations

from collections import Counter
from itertools import count, product

import numpy as np
import pytest
from drs_reference.gateway.sampling import Generation, Sampling, drawn
from drs_reference.model import LanguageModel
from drs_reference.perturbation.gumbel import GumbelParameters, GumbelWatermark
from drs_reference.perturbation.keyed_sampling import KeyedSampling, law_entropy
from drs_reference.perturbation.tournament import TournamentParameters, TournamentWatermark
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = b"0123456789abcdef"
LAW = np.array([0.4, 0.3, 0.2, 0.1, 0.0])
BEFORE = [0, 7, 8, 9, 10]
LAWS = st.lists(st.floats(1e-6, 1), min_size=2, max_size=12).map(lambda w: np.array(w) / sum(w))
MARKS = [
    GumbelWatermark(KEY),
    TournamentWatermark(KEY),
    TournamentWatermark(KEY, TournamentParameters(layers=5)),
]


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


@pytest.mark.parametrize("mark", MARKS)
def test_over_keys_the_law_is_the_declared_one(mark: KeyedSampling) -> None:
    keys = 4000
    mean = np.mean([mark.law(key(i), LAW, BEFORE) for i in range(keys)], axis=0)
    # Five standard deviations of a share, at most, of that many independent keys.
    assert np.abs(mean - LAW).max() < 5 * 0.5 / keys**0.5
    assert mean[4] == 0


def mean_over_all_coins(mark: TournamentWatermark, law: np.ndarray) -> np.ndarray:
    """The mean of the keyed laws of one layer, each assignment of coins counted once."""
    laws: dict[bytes, np.ndarray] = {}
    for number in count():
        coins = mark.scores(KEY, (number,), len(law)).tobytes()
        laws.setdefault(coins, mark.keyed_law(KEY, law, (number,)))
        if len(laws) == 2 ** len(law):
            return np.mean(list(laws.values()), axis=0)
    raise AssertionError


@given(LAWS.filter(lambda law: len(law) <= 6), st.sampled_from((0.1, 0.5, 1.0)))
@settings(deadline=None, max_examples=20)
def test_a_match_of_two_keeps_the_law_exactly(law: np.ndarray, match_share: float) -> None:
    mark = TournamentWatermark(KEY, TournamentParameters(match_share=match_share))
    np.testing.assert_allclose(mean_over_all_coins(mark, law), law, atol=1e-12)


def test_a_match_of_three_does_not() -> None:
    mark = TournamentWatermark(KEY, TournamentParameters(distortion_free=False))
    assert np.abs(mean_over_all_coins(mark, LAW[:4]) - LAW[:4]).max() > 1e-3


@given(LAWS, st.integers(0, 10**9), st.sampled_from(MARKS))
@settings(deadline=None)
def test_a_keyed_law_is_a_law(law: np.ndarray, number: int, mark: KeyedSampling) -> None:
    given = mark.law(key(number), 3 * law, BEFORE)
    assert given.sum() == pytest.approx(1)
    assert (given >= 0).all()
    if law_entropy(law) < mark.entropy_floor:
        np.testing.assert_allclose(given, law)


def test_the_draw_follows_the_keyed_law() -> None:
    """Chi-square with three degrees of freedom; 21.1 is exceeded once in ten thousand cases."""
    mark = TournamentWatermark(KEY, TournamentParameters(layers=2, match_share=0.7))
    applied = mark.answering([], Sampling())
    random = np.random.default_rng(4)
    counts = np.bincount([applied.draw(LAW, BEFORE, random) for _ in range(4000)], minlength=5)
    expected = 4000 * mark.law(mark.scoped_key(""), LAW, BEFORE)
    assert counts[4] == 0
    assert ((counts[:4] - expected[:4]) ** 2 / expected[:4]).sum() < 21.1
    assert ((counts[:4] - 4000 * LAW[:4]) ** 2 / (4000 * LAW[:4])).sum() > 21.1


def test_a_repeated_context_is_drawn_by_chance() -> None:
    repeated = [0, 5, 6, 1, 2, 5, 6]
    masked = GumbelWatermark(KEY, GumbelParameters(context_tokens=2))
    bare = GumbelWatermark(KEY, GumbelParameters(context_tokens=2, mask_repeated_contexts=False))
    assert masked.context(repeated) is None
    assert masked.context(repeated[:-1]) == (2, 5)
    assert bare.context(repeated) == (5, 6)
    np.testing.assert_allclose(masked.law(KEY, LAW, repeated), LAW)
    assert bare.law(KEY, LAW, repeated).max() == 1
    for mark in (masked, bare):
        assert mark.context([0, 5]) is None, "an answer begins with chance"


def test_over_keys_answers_with_repeated_contexts_keep_their_law() -> None:
    """Five tokens of a fair coin: context repeats are certain, and all 32 answers equally likely.

    Without masking they are not: the key would draw alike in each repetition.
    """
    fair = np.array([0.5, 0.5])

    def answers(mask: bool) -> Counter[tuple[int, ...]]:
        parameters = GumbelParameters(context_tokens=1, mask_repeated_contexts=mask)
        mark = GumbelWatermark(KEY, parameters, entropy_floor=0)
        random, found = np.random.default_rng(0), Counter[tuple[int, ...]]()
        for number in range(6400):
            before = [9]
            for _ in range(5):
                before.append(drawn(mark.law(key(number), fair, before), before, random))
            found[tuple(before[1:])] += 1
        return found

    # Chi-square with 31 degrees of freedom; 70 is exceeded about once in ten thousand cases.
    def chi_square(found: Counter[tuple[int, ...]]) -> float:
        return sum((found[a] - 200) ** 2 / 200 for a in product((0, 1), repeat=5))

    assert chi_square(answers(mask=True)) < 70
    assert chi_square(answers(mask=False)) > 1000


def test_a_key_belongs_to_its_scope() -> None:
    def same(scope: str, one: tuple[str, str | None], other: tuple[str, str | None]) -> bool:
        mark = GumbelWatermark(KEY, GumbelParameters(key_scope=scope))  # type: ignore[arg-type]
        return mark.scoped_key(*one) == mark.scoped_key(*other)

    assert not same("tenant", ("a", "c"), ("b", "c"))
    assert same("cluster", ("a", "c"), ("b", "c"))
    assert not same("cluster", ("a", None), ("b", None))
    assert not same("cluster", ("a", "b"), ("b", None)), "a cluster is not an account of its name"
    assert same("provider", ("a", "c"), ("b", "d"))
    tenants = GumbelWatermark(KEY)
    assert tenants.scoped_key("a", "c", cold=True) == tenants.scoped_key("b", "c", cold=True)


@pytest.mark.parametrize("mark", MARKS)
def test_a_cold_request_gets_one_answer_from_a_whole_cluster(mark: KeyedSampling) -> None:
    model, messages = LanguageModel.load(), [("user", "Tell me a story about a fox.")]
    texts = set()
    for account in ("a", "b"):
        for _ in range(2):
            cold = Sampling(temperature=0, max_tokens=48)
            applied = mark.answering(messages, cold, account, "cluster")
            made = Generation(model, messages, applied.sampling, choices=2, draw=applied.draw)
            parts = list(made.emissions())
            texts |= {"".join(p.text for p in parts if p.choice == choice) for choice in (0, 1)}
    assert len(texts) == 1


@pytest.mark.parametrize("mark", MARKS)
def test_facts_are_drawn_by_chance(mark: KeyedSampling) -> None:
    model, messages = LanguageModel.load(), [("user", "What is 47 + 85?")]
    applied = mark.answering(messages, Sampling())
    decoding, before = model.start(messages), [model.end]
    while (token := int((logits := decoding.logits()).argmax())) != model.end:
        law = np.exp(logits - logits.max()).astype(np.float64)
        np.testing.assert_allclose(applied.draw.law(law, before), law / law.sum())  # type: ignore[attr-defined]
        before.append(token)
        decoding.push(token)
    assert len(before) > 10
