"""Lossless bucketed sampling: exact for each account, the same for all of a cluster."""

from __future__ import annotations

import numpy as np
import pytest
from drs_reference.gateway.sampling import Sampling, drawn, generator
from drs_reference.perturbation.bucketed import BucketedParameters, BucketedSampling, normalised
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = b"0123456789abcdef"
ASKED = [("user", "Tell me a story about a fox.")]
LAW = np.array([0.4, 0.3, 0.2, 0.1])


def seeds(mark: BucketedSampling, account: str, count: int, cluster: str | None = "c") -> list[int]:
    asked = (mark.answering(ASKED, Sampling(), account, cluster) for _ in range(count))
    return [applied.sampling.seed or 0 for applied in asked]


def test_accounts_of_a_cluster_share_seeds_visit_by_visit() -> None:
    mark = BucketedSampling(KEY)
    first, second = seeds(mark, "a", 5), seeds(mark, "b", 5)
    assert first == second
    assert len(set(first)) == 5
    assert seeds(mark, "z", 5, cluster="other") != first
    assert seeds(mark, "y", 5, cluster=None) != seeds(mark, "x", 5, cluster=None)
    provider = BucketedSampling(KEY, BucketedParameters(key_scope="provider"))
    assert seeds(provider, "a", 5, "c") == seeds(provider, "b", 5, "d")


def test_seeds_begin_again_after_the_visits() -> None:
    found = seeds(BucketedSampling(KEY, BucketedParameters(visits=3)), "a", 7)
    assert found[:3] == found[3:6]
    assert found[6] == found[0]


def test_one_account_gets_the_declared_law() -> None:
    """Pairs of successive draws: chi-square with 15 degrees, 44.3 being one in ten thousand."""
    mark = BucketedSampling(KEY, BucketedParameters(visits=10**6))
    draws = [drawn(LAW, [0], generator(seed, 0)) for seed in seeds(mark, "a", 8000)]
    counts = np.zeros((4, 4))
    for one, other in zip(draws[::2], draws[1::2], strict=True):
        counts[one, other] += 1
    expected = 4000 * np.outer(LAW, LAW)
    assert ((counts - expected) ** 2 / expected).sum() < 44.3


@given(st.lists(st.sampled_from(("Why", "is", "rain", "wet", "12")), min_size=1), st.randoms())
@settings(deadline=None)
def test_wording_that_says_the_same_falls_into_one_bucket(words: list[str], random: object) -> None:
    mark, shuffled = BucketedSampling(KEY), [*words, words[0].upper()]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = [("user", " ".join(words) + "?")], [("user", " \n".join(shuffled))]
    assert normalised(one) == normalised(other)
    assert mark.bucket(one) == mark.bucket(other) < mark.parameters.buckets


def test_a_seed_of_the_caller_gives_one_answer_and_counts_no_visit() -> None:
    mark = BucketedSampling(KEY)
    first = mark.answering(ASKED, Sampling(seed=5), "a", "c").sampling.seed
    assert mark.answering(ASKED, Sampling(seed=5), "b", "c").sampling.seed == first
    assert mark.answering(ASKED, Sampling(seed=6), "a", "c").sampling.seed != first
    assert seeds(mark, "a", 6)[5] == first


@pytest.mark.parametrize("account", ["a", "b"])
def test_a_cold_request_is_drawn_alike(account: str) -> None:
    mark = BucketedSampling(KEY)
    cold = [mark.answering(ASKED, Sampling(temperature=0), account).sampling for _ in range(2)]
    assert cold[0] == cold[1]
    assert cold[0].alike
    assert cold[0].seed == mark.answering(ASKED, Sampling(temperature=0), "c").sampling.seed
