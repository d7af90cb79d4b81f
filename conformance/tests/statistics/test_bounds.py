"""Wald's bounds, against figures computed by hand."""

import math

import pytest
from drs_conformance.statistics.bounds import kl_bernoulli, wald_bounds


def test_the_figures_of_the_annex():
    conforming, violating = wald_bounds(0.01, 0.05, 0.01, 0.01)
    assert round(conforming) == 291
    assert round(violating) == 418


def test_divergence_of_a_coin():
    assert kl_bernoulli(0.3, 0.3) == 0
    assert kl_bernoulli(1, 0.5) == pytest.approx(math.log(2))
    assert kl_bernoulli(0.5, 0) == math.inf
