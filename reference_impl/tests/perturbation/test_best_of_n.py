"""Keyed choice among completions: its exact law on a toy, its bounds, and its recognition."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import product
from random import Random

import numpy as np
import pytest
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Sampling
from drs_reference.model import free_text
from drs_reference.perturbation.best_of_n import (
    BestOfN,
    BestOfNParameters,
    advantage_bound,
    divergence_bound,
    recognise_texts,
    score,
)
from drs_reference.response.procedure import Account
from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = [f"{first} {second} is good" for first in "abcd" for second in "efgh"]
KEY = b"0123456789abcdef"


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def exact_law(mark: BestOfN, law: np.ndarray, n: int, of: bytes) -> np.ndarray:
    """Probability that each text is chosen, over all tuples of candidates."""
    chosen = np.zeros_like(law)
    for places in product(range(len(law)), repeat=n):
        text = mark.chosen([TEXTS[i] for i in places], of)
        chosen[TEXTS.index(text)] += law[list(places)].prod()
    return chosen


@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=5),
    st.integers(2, 4),
    st.integers(0, 10**9),
)
@settings(deadline=None, max_examples=50)
def test_no_key_moves_the_law_further_than_the_bounds(
    weights: list[float], n: int, number: int
) -> None:
    law = np.array(weights) / sum(weights)
    chosen = exact_law(BestOfN(KEY), law, n, key(number))
    assert chosen.sum() == pytest.approx(1)
    there = chosen > 0
    divergence = (chosen[there] * np.log(chosen[there] / law[there])).sum()
    assert divergence <= divergence_bound(n) + 1e-12
    assert np.abs(chosen - law).sum() / 2 <= advantage_bound(n) + 1e-12


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_bounds_are_those_of_a_score_without_ties(n: int) -> None:
    """The density n u^(n-1) on a fine grid; and for two candidates what can be done by hand."""
    u = (np.arange(200_000) + 0.5) / 200_000
    density = n * u ** (n - 1)
    assert divergence_bound(n) == pytest.approx((density * np.log(density)).mean(), abs=1e-4)
    assert advantage_bound(n) == pytest.approx(np.abs(density - 1).mean() / 2, abs=1e-4)
    assert divergence_bound(2) == pytest.approx(math.log(2) - 0.5)
    assert advantage_bound(2) == 0.25


def test_over_keys_a_choice_of_two_keeps_the_law() -> None:
    law, mark, keys = np.array([0.4, 0.3, 0.2, 0.1]), BestOfN(KEY), 2000
    mean = np.mean([exact_law(mark, law, 2, key(i)) for i in range(keys)], axis=0)
    assert np.abs(mean - law).max() < 5 * 0.5 / keys**0.5 / 2


def test_drawn_answers_follow_the_exact_law() -> None:
    """Chi-square with three degrees of freedom; 21.1 is exceeded once in ten thousand cases."""
    law, mark, random = np.array([0.4, 0.3, 0.2, 0.1]), BestOfN(KEY), Random(3)
    found: Counter[str] = Counter(
        mark.chosen(random.choices(TEXTS[:4], law, k=3), KEY) for _ in range(4000)
    )
    expected = 4000 * exact_law(mark, law, 3, KEY)
    counts = np.array([found[text] for text in TEXTS[:4]])
    assert ((counts - expected) ** 2 / expected).sum() < 21.1


def test_where_an_answer_comes_twice_the_first_is_taken() -> None:
    mark = BestOfN(KEY)
    best = max(TEXTS, key=lambda text: score(KEY, text))
    assert mark.chosen(["Hello there.", best, "Hello there."], KEY) == "Hello there."
    assert mark.chosen([TEXTS[0], best], KEY) == best


@pytest.mark.parametrize("fact", ["It is 4.", '{"city": "Rome"}', "a->b", "return x + 7"])
def test_the_key_does_not_choose_among_facts(fact: str) -> None:
    mark = BestOfN(KEY)
    for text in TEXTS:
        assert mark.chosen([text, fact], KEY) == text
        assert mark.chosen([fact, text], KEY) == fact


def test_only_accounts_under_the_measure_and_warm_requests(
    account: Callable[..., Account],
) -> None:
    mark = BestOfN(KEY, BestOfNParameters(candidates=3))

    def asked(who: Account, temperature: float) -> int:
        texts = iter(TEXTS)
        request = ChatRequest("m", (("user", "Hi"),), Sampling(temperature=temperature))
        mark.answer(who, request, lambda: next(texts))
        return TEXTS.index(next(texts))

    assert asked(account("throttle", "perturb"), 1.0) == 3
    assert asked(account("throttle", "perturb"), 0.0) == 1
    assert asked(account("throttle"), 1.0) == 1


def stories(random: Random, count: int, mark: BestOfN | None = None) -> list[str]:
    def story() -> str:
        return free_text.story(random)[1].draw(random)

    return [mark.chosen([story(), story()], KEY) if mark else story() for _ in range(count)]


def test_a_corpus_is_recognised_and_no_other() -> None:
    random, mark = Random(1), BestOfN(KEY)
    own, clean, reference = stories(random, 800, mark), stories(random, 800), stories(random, 800)
    others = [key(number) for number in range(3)]
    assert recognise_texts(own, [KEY], reference).p_value < 1e-6
    assert recognise_texts(own, [*others, KEY], reference).p_value < 1e-6
    assert recognise_texts(own, others, reference).p_value > 1e-3
    assert recognise_texts(clean, [KEY], reference).p_value > 1e-3
    copies = [mark.chosen(stories(random, 2), KEY)] * 800
    assert recognise_texts(copies, [KEY]).samples_used == 1


def test_false_claims_are_rare() -> None:
    """A thousand random keys for one clean corpus, with copies and without a reference."""
    corpus = stories(Random(2), 10)
    values = np.array([recognise_texts(corpus * 3, [key(i)]).p_value for i in range(1000)])
    for level in (0.01, 0.05, 0.2):
        assert (values <= level).mean() <= level + 5 * (level * (1 - level) / 1000) ** 0.5
