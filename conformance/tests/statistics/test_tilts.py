"""Tests of hidden tilts: laws that sum to one, and errors that stay below their bounds."""

import math

import numpy as np
import pytest
from drs_conformance.statistics.dual import Dual
from drs_conformance.statistics.tilts import PairedTilt, Tilt, strength
from hypothesis import given
from hypothesis import strategies as st

P = np.array([0.33, 0.2, 0.16, 0.15, 0.15, 0.01])
ALPHA, BETA = 0.05, 0.05
EFFECT = 0.1
RUNS = 400


def key(generator: np.random.Generator) -> np.ndarray:
    while True:
        signs = generator.choice([-1.0, 1.0], len(P))
        if abs(signs.sum()) < len(P):
            return signs


def tilted(signs: np.ndarray, effect: float = EFFECT) -> np.ndarray:
    raised = P * np.exp(strength(effect, P) * signs)
    return raised / raised.sum()


def known(law: np.ndarray, generator: np.random.Generator, cap: int = 4000) -> Dual:
    dual, tilt = Dual(ALPHA, BETA, cap), Tilt(len(P), strength(EFFECT, P))
    while dual.decision is None:
        value = int(generator.choice(len(P), p=law))
        dual.observe(value, P, tilt.predicted(P))
        tilt.learn(P, value)
    return dual


def paired(law: np.ndarray, generator: np.random.Generator, cap: int = 8000) -> Dual:
    dual, tilt = Dual(ALPHA, BETA, cap), PairedTilt(len(P), strength(EFFECT, P))
    while dual.decision is None:
        one, other = int(generator.choice(len(P), p=law)), int(generator.choice(len(P), p=P))
        if one == other:
            dual.multiply(0.0, 0.0)
            continue
        predicted = tilt.predicted(one, other)
        dual.observe(0, np.array([0.5, 0.5]), np.array([predicted, 1 - predicted]))
        tilt.learn(one, other)
    return dual


def share(duals, decision: str) -> float:
    return sum(dual.decision == decision for dual in duals) / len(duals)


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
    generator = np.random.default_rng(1)
    laws = [tilted(key(generator), effect) for _ in range(4000)]
    mean = np.mean([float((law * np.log(law / P)).sum()) for law in laws])
    assert mean == pytest.approx(effect, rel=0.1)


def test_what_is_certain_cannot_be_tilted():
    assert math.isinf(strength(0.1, np.array([1.0, 0.0])))


@pytest.mark.parametrize("run", [known, paired])
def test_a_conforming_target_fails_no_more_often_than_alpha(run):
    generator = np.random.default_rng(2)
    duals = [run(P, generator) for _ in range(RUNS)]
    # Three standard errors above the bound.
    assert share(duals, "fail") <= ALPHA + 3 * math.sqrt(ALPHA / RUNS)
    assert share(duals, "pass") >= 0.9


@pytest.mark.parametrize("run", [known, paired])
def test_a_target_that_violates_passes_no_more_often_than_beta(run):
    generator = np.random.default_rng(3)
    duals = [run(tilted(key(generator)), generator) for _ in range(RUNS)]
    assert share(duals, "pass") <= BETA + 3 * math.sqrt(BETA / RUNS)
    assert share(duals, "fail") >= 0.9


def test_twice_the_effect_is_found_sooner():
    generator = np.random.default_rng(4)
    once = [known(tilted(key(generator)), generator).observations for _ in range(100)]
    twice = [known(tilted(key(generator), 2 * EFFECT), generator).observations for _ in range(100)]
    assert np.mean(twice) < 0.8 * np.mean(once)
