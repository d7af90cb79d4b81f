"""Every factor has expectation at most 1 under what its process tests, whatever came before."""

import itertools
import math

import numpy as np
import pytest
from drs_conformance.statistics.boosting import boost
from drs_conformance.statistics.dual import Dual, factors
from drs_conformance.statistics.processes import Betting, Mixture, TwoSample, log_scale_ratio
from hypothesis import given
from hypothesis import strategies as st

weights = st.lists(st.floats(0.01, 1), min_size=2, max_size=6)


def boosted(log_factors, probabilities, log_room):
    """Return the factors in use, one row for each entry of ``log_room``."""
    return np.minimum(
        log_factors + boost(log_factors, probabilities, log_room)[:, None], log_room[:, None]
    )


def law(values):
    return np.array(values) / sum(values)


def another(data, values):
    """Draw a second law over as many values."""
    size = len(values)
    return law(data.draw(st.lists(st.floats(0.01, 1), min_size=size, max_size=size)))


@given(weights, st.data(), st.floats(0.01, 12))
def test_a_boosted_factor_is_fair_and_stays_below_the_boundary(values, data, room):
    conforming = law(values)
    violating = law(
        data.draw(st.lists(st.floats(0.01, 1), min_size=len(values), max_size=len(values)))
    )
    ratio = np.log(violating / conforming)
    (used,) = boosted(ratio, conforming, np.array([room]))
    assert (used <= room + 1e-9).all()
    # Nothing is lost against the plain factor but above the boundary.
    assert (used >= np.minimum(ratio, room) - 1e-9).all()
    assert float(conforming @ np.exp(used)) == pytest.approx(1, abs=1e-6)


def test_values_that_cannot_come_leave_room_to_boost():
    conforming, violating = np.array([0.5, 0.5, 0.0]), np.array([0.2, 0.3, 0.5])
    with np.errstate(divide="ignore"):
        ratio = np.log(violating) - np.log(conforming)
    (used,) = boosted(ratio, conforming, np.array([50.0]))
    assert float(conforming[:2] @ np.exp(used[:2])) == pytest.approx(1)
    assert used[2] == 50


def test_a_value_that_a_violator_cannot_give_ends_the_case_against_conforming():
    dual = Dual(0.01, 0.05, 10)
    dual.observe(0, np.array([0.5, 0.5]), np.array([0.0, 1.0]))
    assert dual.decision == "pass"
    assert dual.log_fail == -math.inf


@given(weights, st.data(), st.floats(0.1, 10), st.floats(0.1, 10))
def test_both_factors_are_fair(values, data, room_fail, room_pass):
    conforming = law(values)
    violating = law(
        data.draw(st.lists(st.floats(0.01, 1), min_size=len(values), max_size=len(values)))
    )
    # One run for each value, in the same state, with one law for all and with a law for each.
    every = np.arange(len(values))
    rooms = np.full(len(values), room_fail), np.full(len(values), room_pass)
    fail, passed = factors(every, conforming, violating, *rooms)
    assert float(conforming @ np.exp(fail)) <= 1 + 1e-6
    assert float(violating @ np.exp(passed)) <= 1 + 1e-6
    again = factors(every, conforming, np.tile(violating, (len(values), 1)), *rooms)
    assert np.allclose(again, (fail, passed))


def test_a_verdict_stays_and_nothing_follows_it():
    dual = Dual(0.01, 0.05, 100)
    dual.multiply(5, -5)
    assert dual.decision == "fail"
    with pytest.raises(ValueError, match="after the verdict fail"):
        dual.multiply(0, 0)


def test_the_cap_leaves_it_open():
    dual = Dual(0.01, 0.05, 3)
    for _ in range(3):
        dual.multiply(0.1, 0.1)
    assert dual.decision == "inconclusive"
    assert [step[0] for step in dual.path] == [0, 1, 2, 3]


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="no number"):
        Dual(0.01, 0.05, 3).multiply(math.nan, 0)


def test_a_mixture_is_fair_against_conforming_and_its_reciprocal_against_the_mixture():
    plain = np.array([0.5, 0.3, 0.2])
    tilted = np.array([[0.6, 0.25, 0.15], [0.4, 0.35, 0.25]])
    for length in (1, 2, 3):
        fail = passed = 0.0
        for values in itertools.product(range(3), repeat=length):
            mixture = Mixture(np.array([0.5, 0.5]))
            steps = [mixture.factors(np.log(tilted[:, v] / plain[v])) for v in values]
            log_fail, log_pass = (sum(column) for column in zip(*steps, strict=True))
            fail += math.prod(plain[list(values)]) * math.exp(log_fail)
            both = [math.prod(row[list(values)]) for row in tilted]
            passed += sum(both) / 2 * math.exp(log_pass)
        assert fail == pytest.approx(1)
        assert passed == pytest.approx(1)


def test_a_mixture_of_strengths_is_held_against_the_weakest():
    plain, strengths = np.array([0.95, 0.05]), np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    for drawn in strengths:
        expected = 0.0
        for value in (0, 1):
            mixture = Mixture(np.ones(3), against=0)
            _, passed = mixture.factors(np.log(strengths[:, value] / plain[value]))
            expected += drawn[value] * math.exp(passed)
        assert expected <= 1 + 1e-12


FAR = np.array([50.0])


@given(st.floats(0.005, 0.2), st.floats(0, 1), st.floats(0, 0.5), st.floats(1e-6, 4))
def test_bets_are_fair_for_every_law_with_the_mean(effect, share, beyond, log_room):
    bets = Betting.planned(effect, min(1.0, 2 * effect + 0.05))
    # Three values: any discordant share, and means at or beyond the hypotheses.
    for mean, index in ((min(beyond, 1.0), 0), (-min(effect + beyond, 1.0), 1)):
        discordant = abs(mean) + (1 - abs(mean)) * share
        law = np.array([(discordant - mean) / 2, 1 - discordant, (discordant + mean) / 2])
        room = np.full(3, log_room)
        factors = bets.factors(np.array([-1.0, 0.0, 1.0]), room, room)[index]
        assert law @ np.exp(factors) <= 1 + 1e-9


def test_a_bet_close_to_the_boundary_is_as_great_as_is_needed():
    bets = Betting.planned(0.03, 0.1)
    for index, win in ((0, -1.0), (1, 1.0)):
        usual = bets.factors(np.array([win]), FAR, FAR)[index]
        near = 0.6 * usual
        assert bets.factors(np.array([win]), near, near)[index] == pytest.approx(near)
        # So close that it would cost more time than it saves.
        nearest = 0.2 * usual
        assert bets.factors(np.array([win]), nearest, nearest)[index] == pytest.approx(usual)


def test_a_difference_out_of_range_is_refused():
    with pytest.raises(ValueError, match="from -1 to 1, got 2"):
        Betting(0.03, 0.1, 0.1).factors(np.array([2.0]), FAR, FAR)


@pytest.mark.parametrize("plain", [[0.5, 0.5], [0.9, 0.1], [0.2, 0.3, 0.5]])
def test_two_samples_of_one_law_win_nothing_on_average(plain):
    size, values = 2, range(len(plain))
    draws = list(itertools.product(values, repeat=2 * size))

    def counts(draw):
        return [
            np.bincount(part, minlength=len(plain)).astype(float)
            for part in (draw[:size], draw[size:])
        ]

    def probability(draw):
        return math.prod(plain[value] for value in draw)

    for past in draws[:6]:
        expected = 0.0
        for draw in draws:
            sample = TwoSample(len(plain), size)
            sample.log_factor(*counts(past))
            expected += probability(draw) * math.exp(sample.log_factor(*counts(draw)))
        assert expected <= 1 + 1e-9


def test_two_samples_that_differ_are_found():
    generator = np.random.default_rng(3)
    sample, wealth = TwoSample(2, 8), 0.0
    for _ in range(60):
        first = np.bincount(generator.random(8) < 0.3, minlength=2).astype(float)
        second = np.bincount(generator.random(8) < 0.7, minlength=2).astype(float)
        wealth += sample.log_factor(first, second)
    assert wealth > math.log(100)


def test_blocks_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"expected 4 values of either account, got \[4, 3\]"):
        TwoSample(2, 4).log_factor(np.array([2.0, 2.0]), np.array([2.0, 1.0]))


def test_the_scale_ratio_is_that_of_the_densities():
    values, ratio = np.array([0.3, -1.2, 2.0]), 1.8

    def density(x, variance):
        return np.exp(-(x**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)

    by_hand = float(np.log(density(values, ratio) / density(values, 1)).sum())
    assert log_scale_ratio(values, ratio) == pytest.approx(by_hand)
