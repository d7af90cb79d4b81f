"""Many runs at once are the single runs of the checks, and keep their errors."""

import math

import numpy as np
import pytest
from drs_conformance.statistics.dual import Dual
from drs_conformance.statistics.processes import Betting
from drs_conformance.statistics.simulation import simulate
from drs_conformance.statistics.temperatures import heated, power
from drs_conformance.statistics.tilts import PairedTilt, Tilt, strength
from drs_conformance.statistics.walks import Bets, Heats, PairedTilts, Tilts, random_keys

CONTEXTS = np.array([[0.33, 0.2, 0.16, 0.15, 0.15, 0.01], [0.5, 0.2, 0.1, 0.1, 0.05, 0.05]])
ALPHA, BETA = 0.05, 0.05
EFFECT = 0.1
TILT = math.sqrt(2 * EFFECT)
RUNS = 1000
CAP = 4000


def keyed(generator, runs=RUNS, effect=EFFECT):
    return random_keys(CONTEXTS, [strength(effect, p) for p in CONTEXTS], runs, generator)


def tilts(drawn, generator, alpha=ALPHA, **options):
    walk = Tilts(CONTEXTS, EFFECT, drawn, RUNS, **options)
    return simulate(walk, alpha, BETA, CAP, RUNS, generator)


def pairs(drawn, generator, alpha=ALPHA, **options):
    walk = PairedTilts(drawn, CONTEXTS, TILT, RUNS, **options)
    return simulate(walk, alpha, BETA, CAP, RUNS, generator)


def paired_keys(generator):
    return random_keys(CONTEXTS, [TILT] * len(CONTEXTS), RUNS, generator)


class Fixed:
    """A generator that draws the same numbers, for every run alike."""

    def __init__(self, values):
        self._values = iter(values)

    def random(self, count):
        return np.full(count, next(self._values))


def place(law, value):
    return int((value >= np.cumsum(law)[:-1]).sum())


def test_tilts_are_the_single_process():
    numbers = np.random.default_rng(5).random(CAP)
    dual = Dual(ALPHA, BETA, CAP)
    single = [Tilt(6, strength(EFFECT, p)) for p in CONTEXTS]
    for number, drawn in enumerate(numbers):
        p, tilt = CONTEXTS[number % 2], single[number % 2]
        value = place(p, drawn)
        dual.observe(value, p, tilt.predicted(p))
        tilt.learn(p, value)
        if dual.decision:
            break
    walk = Tilts(CONTEXTS, EFFECT, CONTEXTS, 2)
    many = simulate(walk, ALPHA, BETA, CAP, 2, Fixed(numbers))
    assert set(many.observations) == {dual.observations}
    assert many.passed.all() == (dual.decision == "pass")


def test_pairs_are_the_single_process():
    numbers = np.random.default_rng(6).random(2 * CAP)
    dual = Dual(ALPHA, BETA, CAP)
    single = [PairedTilt(6, TILT) for _ in CONTEXTS]
    for number, (one, other) in enumerate(numbers.reshape(-1, 2)):
        p, tilt = CONTEXTS[number % 2], single[number % 2]
        first, second = place(p, one), place(p, other)
        predicted = tilt.predicted(first, second)
        if first == second:
            dual.multiply(0.0, 0.0)
        else:
            dual.observe(0, np.array([0.5, 0.5]), np.array([predicted, 1 - predicted]))
            tilt.learn(first, second)
        if dual.decision:
            break
    walk = PairedTilts(CONTEXTS, CONTEXTS, TILT, 2)
    many = simulate(walk, ALPHA, BETA, CAP, 2, Fixed(numbers))
    assert set(many.observations) == {dual.observations}
    assert many.passed.all() == (dual.decision == "pass")


@pytest.mark.parametrize("run", [tilts, pairs])
def test_a_conforming_target_fails_no_more_often_than_alpha(run):
    outcome = run(CONTEXTS, np.random.default_rng(2))
    # Three standard errors above the bound.
    assert outcome.failed.mean() <= ALPHA + 3 * math.sqrt(ALPHA / RUNS)
    assert outcome.passed.mean() >= 0.9


@pytest.mark.parametrize(("run", "keys"), [(tilts, keyed), (pairs, paired_keys)])
def test_a_target_that_violates_passes_no_more_often_than_beta(run, keys):
    generator = np.random.default_rng(3)
    outcome = run(keys(generator), generator)
    assert outcome.passed.mean() <= BETA + 3 * math.sqrt(BETA / RUNS)
    assert outcome.failed.mean() >= 0.9


@pytest.mark.parametrize(("run", "keys"), [(tilts, keyed), (pairs, paired_keys)])
def test_false_failures_too_rare_to_count_stay_below_alpha(run, keys):
    generator, alpha = np.random.default_rng(4), 1e-6
    outcome = run(keys(generator), generator, alpha, weigh=True)
    rate, error = outcome.rate(outcome.failed)
    assert alpha / 4 <= rate <= alpha + 3 * error


@pytest.mark.parametrize("hotter", [True, False])
def test_heat_keeps_its_errors(hotter):
    generator = np.random.default_rng(5)
    hot = Heats(CONTEXTS, EFFECT, CONTEXTS, RUNS, hotter=hotter)
    right = simulate(hot, ALPHA, BETA, CAP, RUNS, generator)
    drawn = Heats(CONTEXTS, EFFECT, hot.violating, RUNS, hotter=hotter)
    wrong = simulate(drawn, ALPHA, BETA, CAP, RUNS, generator)
    assert right.failed.mean() <= ALPHA + 3 * math.sqrt(ALPHA / RUNS)
    assert wrong.passed.mean() <= BETA + 3 * math.sqrt(BETA / RUNS)


@pytest.mark.parametrize("hotter", [True, False])
def test_heat_reaches_its_divergence(hotter):
    for p in CONTEXTS:
        law = heated(p, power(0.03, p, hotter=hotter))
        assert float((law * np.log(law / p)).sum()) == pytest.approx(0.03, rel=1e-6)
        assert (law.max() < p.max()) == hotter
        assert law[-1] == p[-1]


def test_bets_are_the_single_process():
    bets, values, law = Betting.planned(0.1, 0.2), np.array([-1.0, 0, 1]), np.array([0.1, 0.8, 0.1])
    numbers, dual = np.random.default_rng(7).random(CAP), Dual(ALPHA, BETA, CAP)
    for drawn in numbers:
        dual.bet(bets, values[place(law, drawn)])
        if dual.decision:
            break
    many = simulate(Bets(bets, values, law), ALPHA, BETA, CAP, 2, Fixed(numbers))
    assert set(many.observations) == {dual.observations}


def test_twice_the_effect_is_found_sooner():
    generator = np.random.default_rng(4)
    once, twice = (tilts(keyed(generator, effect=e), generator) for e in (EFFECT, 2 * EFFECT))
    assert twice.observations.mean() < 0.8 * once.observations.mean()
