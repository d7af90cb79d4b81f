"""What a report says of a design's power is what runs of it do."""

import itertools

import numpy as np
import pytest
from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.operating import operating
from drs_conformance.statistics.simulation import Simple, simulate

ALPHA = 1.5e-6
RATE = {"kind": "rate", "conforming": 0.05, "violating": 0.2, "alpha": 0.01, "beta": 0.05}
DESIGNS = {
    "rare events": {**RATE, "conforming": 0.01, "violating": 0.06, "cap": 600},
    "a rate that falls": {**RATE, "conforming": 0.8, "violating": 0.5, "cap": 400},
    "a cap that is too small": {**RATE, "cap": 60},
    "differences": {**RATE, "kind": "difference", "effect": 0.1, "discordant": 0.2, "cap": 700},
}
DESIGNED = [item for item in load_catalogue().requirements if item.design]


def law(design, effect):
    if design.members["kind"] == "rate":
        return np.array([1 - effect, effect])
    share = design.members["discordant"]
    return np.array([(share + effect) / 2, 1 - share, (share - effect) / 2])


@pytest.mark.parametrize("members", DESIGNS.values(), ids=DESIGNS)
def test_probabilities_are_those_of_simulated_runs(members):
    design, generator = Design(members), np.random.default_rng(8)
    for point in operating(design, ALPHA)[::3]:
        walk = Simple(*design.laws(), law(design, point.effect))
        runs = simulate(walk, ALPHA, design.beta, design.observations, 1500, generator)
        assert point.fails == pytest.approx(runs.failed.mean(), abs=0.06)
        assert point.passes == pytest.approx(runs.passed.mean(), abs=0.06)


@pytest.mark.parametrize("item", DESIGNED, ids=lambda item: item.id)
def test_the_errors_of_a_design_stand_at_its_hypotheses(item):
    design = Design({**item.design, "cap": 10**6})
    points = operating(design, ALPHA)
    assert points[0].fails <= 1.01 * ALPHA
    assert points[0].passes > 0.999
    # Half the points are below the effect, so the one in the middle is at it.
    at_effect = points[8]
    assert at_effect.passes == pytest.approx(design.beta, rel=0.02)
    assert at_effect.fails == pytest.approx(1 - design.beta, rel=0.02)


@pytest.mark.parametrize("item", DESIGNED, ids=lambda item: item.id)
def test_more_of_an_effect_fails_more_often(item):
    points = operating(Design(item.design), ALPHA)
    assert all(a.fails <= b.fails + 1e-6 for a, b in itertools.pairwise(points))
    assert all(a.passes >= b.passes - 1e-6 for a, b in itertools.pairwise(points))
    assert all(0 <= p.fails + p.passes <= 1 + 1e-6 for p in points)


def test_effects_that_cannot_be_are_left_out():
    design = Design({**RATE, "conforming": 0.95, "violating": 0.5, "cap": 400})
    assert all(0 < point.effect <= 0.95 for point in operating(design, ALPHA))
