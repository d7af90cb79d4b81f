"""The rank of rounded logits."""

from __future__ import annotations

import numpy as np
import pytest
from drs_conformance.statistics.rank import rank_of_rounded
from hypothesis import given, settings
from hypothesis import strategies as st


def logits(seed: int, rows: int, columns: int, hidden: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, hidden)) @ random.normal(size=(hidden, columns))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(6, 12))
def test_a_hidden_size_is_found_whatever_softmax_and_bias_add(
    seed: int, hidden: int, spare: int
) -> None:
    random = np.random.default_rng(seed)
    values = logits(seed, hidden + spare, hidden + spare, hidden)
    values += 10 * random.normal(size=(hidden + spare, 1)) + 10 * random.normal(size=hidden + spare)
    assert rank_of_rounded(np.round(values, 6), 1e-6) == hidden


@pytest.mark.parametrize("decimals", [0, 1, 2, 4, 6])
def test_what_is_larger_than_the_table_stays_hidden(decimals: int) -> None:
    for seed in range(200):
        values = np.round(logits(seed, 12, 15, 96), decimals)
        assert rank_of_rounded(values, 10.0**-decimals) is None


@pytest.mark.parametrize("fade", [0.8, 0.5, 0.3])
def test_a_spectrum_that_fades_has_no_rank(fade: float) -> None:
    for seed in range(200):
        random = np.random.default_rng(seed)
        states = random.normal(size=(16, 64)) * fade ** np.arange(64)
        values = np.round(states @ random.normal(size=(64, 12)), 4)
        assert rank_of_rounded(values, 1e-4) is None


def test_repeated_rows_and_columns_are_no_spare_directions() -> None:
    few = logits(1, 4, 4, 96)
    assert rank_of_rounded(np.round(np.tile(few, (3, 1)), 4), 1e-4) is None
    assert rank_of_rounded(np.round(np.tile(few, (3, 3)), 4), 1e-4) is None
    assert rank_of_rounded(np.zeros((8, 8)), 1e-4) is None
