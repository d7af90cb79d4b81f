"""Each design of the standard decides within its cap, and a plan says what a run needs."""

import numpy as np
import pytest
from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.simulation import simulate

DESIGNED = [item for item in load_catalogue().requirements if item.design]
RATE = {"kind": "rate", "conforming": 0.05, "violating": 0.2, "alpha": 0.01, "beta": 0.05}


@pytest.mark.parametrize("item", DESIGNED, ids=lambda item: item.id)
def test_a_design_of_the_standard_decides_within_its_cap(item):
    design = Design(item.design)
    assert design.mistake() is None
    assert design.plan().conforming < design.plan().enough <= design.cap


@pytest.mark.parametrize("item", DESIGNED, ids=lambda item: item.id)
def test_nearly_every_run_stays_in_the_plan(item):
    design = Design(item.design)
    laws = design.laws()
    if laws is None:
        pytest.skip("normal laws: test_simulation has them")
    generator = np.random.default_rng(11)
    for drawn in laws:
        runs = simulate(
            *laws, drawn, design.alpha, design.beta, design.cap // design.requests, 600, generator
        )
        assert runs.inconclusive <= 0.03


def test_more_requests_an_observation_and_unknown_likelihoods_cost_more():
    plain, costly = (
        Design({**RATE, "cap": 400}),
        Design({**RATE, "requests": 10, "cost": 2, "cap": 400}),
    )
    assert costly.plan().conforming == pytest.approx(20 * plain.plan().conforming)
    assert "raise the cap" in str(costly.mistake())


def test_a_stricter_alpha_costs_a_conforming_target_hardly_anything():
    design = Design({**RATE, "cap": 400})
    strict = design.plan(alpha=1e-6)
    assert strict.conforming < 1.1 * design.plan().conforming
    assert strict.violating > 2 * design.plan().violating


@pytest.mark.parametrize(
    ("members", "mistake"),
    [
        ({**RATE, "violating": 0.05}, "not the conforming one"),
        ({"kind": "difference", "effect": 0.2, "discordant": 0.1}, "share of pairs"),
    ],
)
def test_a_design_that_tells_nothing_apart_is_a_mistake(members, mistake):
    design = Design({"alpha": 0.01, "beta": 0.05, "cap": 400, **members})
    assert mistake in str(design.mistake())
