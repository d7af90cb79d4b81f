"""Tests of hidden tilts: laws that sum to one, and what is known of a key."""

import math

import numpy as np
import pytest
from drs_conformance.statistics.tilts import PairedTilt, Tilt, sign_vectors, strength, tilted
from hypothesis import given
from hypothesis import strategies as st

P = np.array([0.33, 0.2, 0.16, 0.15, 0.15, 0.01])


@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
    st.floats(0.01, 2),
    st.lists(st.integers(0, 1), max_size=8),
)
def test_what_is_predicted_is_a_law(weights, d, seen):
    p = np.array(weights) / sum(weights)
    tilt = Tilt(len(p), d)
    for value in seen:
        tilt.learn(p, value)
    predicted = tilt.predicted(p)
    assert predicted.sum() == pytest.approx(1)
    assert (predicted > 0).all()


@given(st.floats(0.1, 2), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8))
def test_the_two_orders_of_a_pair_are_all_there_is(d, seen):
    tilt = PairedTilt(4, d)
    for one, other in seen:
        tilt.learn(one, other)
    assert tilt.predicted(0, 1) + tilt.predicted(1, 0) == pytest.approx(1)


def test_before_anything_is_known_a_pair_says_nothing():
    assert PairedTilt(4, 1.0).predicted(0, 1) == pytest.approx(0.5)


@pytest.mark.parametrize("effect", [0.001, 0.01, 0.1, 0.3])
def test_the_strength_reaches_the_divergence_on_average_over_keys(effect):
    laws = tilted(P, sign_vectors(len(P)), strength(effect, P))
    mean = np.mean([float((law * np.log(law / P)).sum()) for law in laws])
    assert mean == pytest.approx(effect, rel=1e-6)


def test_what_is_certain_cannot_be_tilted():
    assert math.isinf(strength(0.1, np.array([1.0, 0.0])))
