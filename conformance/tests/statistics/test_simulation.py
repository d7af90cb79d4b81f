"""The designs keep their errors, and need little more than any test must."""

import numpy as np
import pytest
from drs_conformance.statistics.bounds import kl_bernoulli, wald_bounds
from drs_conformance.statistics.dual import Dual
from drs_conformance.statistics.planning import drifts, plan
from drs_conformance.statistics.simulation import Simple, simulate

DESIGNS = {
    "single-response advantage": (0.525, 0.55),
    "benign accounts": (0.001, 0.01),
    "campaigns": (0.95, 0.80),
    "latency": (0.01, 0.03),
}
RUNS = 2000


def coin(rate):
    return np.array([1 - rate, rate])


@pytest.fixture(params=DESIGNS, name="design")
def _design(request):
    conforming, violating = DESIGNS[request.param]
    return conforming, violating, np.random.default_rng(20261123)


def test_errors_and_requests(design):
    p0, p1, generator = design
    laws = coin(p0), coin(p1)
    cap = plan(drifts(*laws), 0.01, 0.05).enough
    right = simulate(Simple(*laws, laws[0]), 0.01, 0.05, cap, RUNS, generator)
    wrong = simulate(Simple(*laws, laws[1]), 0.01, 0.05, cap, RUNS, generator)
    least = wald_bounds(0.01, 0.05, kl_bernoulli(p0, p1), kl_bernoulli(p1, p0))
    # Within three standard errors of the nominal rate.
    assert right.failed.mean() <= 0.01 + 3 * (0.01 * 0.99 / RUNS) ** 0.5
    assert wrong.passed.mean() <= 0.05 + 3 * (0.05 * 0.95 / RUNS) ** 0.5
    assert right.observations.mean() <= 1.08 * least[0]
    assert wrong.observations.mean() <= 1.22 * least[1]
    assert right.inconclusive <= 0.03
    assert wrong.inconclusive <= 0.03


def test_false_failures_too_rare_to_count(design):
    p0, p1, generator = design
    alpha = 3.4e-6
    walk = Simple(coin(p0), coin(p1), coin(p1), wanted=coin(p0))
    drawn = simulate(walk, alpha, 0.05, 20000, RUNS, generator)
    rate, error = drawn.rate(drawn.failed)
    assert rate - 3 * error <= alpha
    # The estimate is of the right size: most of alpha is used.
    assert rate >= alpha / 4


def test_many_runs_at_once_are_single_runs():
    conforming, violating = coin(0.05), coin(0.10)
    values = np.random.default_rng(5).random(3000)
    dual = Dual(0.01, 0.05, 3000)
    for value in values:
        dual.observe(int(value >= 0.95), conforming, violating)
        if dual.decision:
            break

    class Same:
        def __init__(self):
            self.at = -1

        def random(self, count):
            self.at += 1
            return np.full(count, values[self.at])

    walk = Simple(conforming, violating, conforming)
    outcome = simulate(walk, 0.01, 0.05, 3000, 3, Same())
    assert set(outcome.observations) == {dual.observations}
    assert outcome.passed.all() == (dual.decision == "pass")


def test_a_batch_costs_its_rest():
    walk = Simple(coin(0.05), coin(0.10), coin(0.05))
    one = simulate(walk, 0.01, 0.05, 4000, 500, np.random.default_rng(1))
    many = simulate(walk, 0.01, 0.05, 4000, 500, np.random.default_rng(1), batch=8)
    assert (many.observations % 8 == 0).all()
    assert 0 <= (many.observations - one.observations).max() < 8


def test_a_batch_cannot_exceed_the_cap():
    walk = Simple(coin(0.5), coin(0.51), coin(0.5))
    capped = simulate(walk, 0.01, 0.05, 30, 50, np.random.default_rng(1), batch=8)
    assert capped.observations.max() == 30
    assert capped.inconclusive > 0.9
