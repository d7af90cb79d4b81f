"""Wald's bounds and what a pass excludes, against figures computed by hand."""

import math

import pytest
from drs_conformance.statistics.bounds import excluded_rate, kl_bernoulli, wald_bounds


def test_the_figures_of_the_annex():
    conforming, violating = wald_bounds(0.01, 0.05, 0.01, 0.01)
    assert round(conforming) == 291
    assert round(violating) == 418


@pytest.mark.parametrize(("trials", "rate"), [(10, 0.2589), (100, 0.0295), (299, 0.00997), (0, 1)])
def test_what_trials_without_violation_exclude(trials, rate):
    assert excluded_rate(trials) == pytest.approx(rate, abs=5e-5)


def test_divergence_of_a_coin():
    assert kl_bernoulli(0.3, 0.3) == 0
    assert kl_bernoulli(1, 0.5) == pytest.approx(math.log(2))
    assert kl_bernoulli(0.5, 0) == math.inf
