"""Each design of the standard decides within its cap, and a plan says what a run needs."""

import numpy as np
import pytest
from drs_conformance.profiles import PROFILES, RUN_ALPHA, UNDECIDED, shortfalls
from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.processes import Betting
from drs_conformance.statistics.simulation import Simple, simulate

DESIGNED = [item for item in load_catalogue().requirements if item.design]
TESTED = [item for item in DESIGNED if item.excluded is None]
RATE = {"kind": "rate", "conforming": 0.05, "violating": 0.2, "alpha": 0.01, "beta": 0.05}


@pytest.mark.parametrize("item", DESIGNED, ids=lambda item: item.id)
def test_a_design_of_the_standard_tells_something_apart(item):
    assert Design(item.design).mistake() is None


@pytest.mark.parametrize("item", TESTED, ids=lambda item: item.id)
def test_a_design_of_the_standard_decides_within_its_cap(item):
    assert list(shortfalls(Design(item.design), len(DESIGNED))) == []


@pytest.mark.parametrize("item", TESTED, ids=lambda item: item.id)
def test_nearly_every_run_stays_in_the_plan(item):
    design = Design(item.design)
    laws = design.laws()
    if laws is None:
        pytest.skip("more than two simple laws: the benchmark has them")
    alpha, generator = RUN_ALPHA / len(DESIGNED) / design.alternatives, np.random.default_rng(11)
    # Hardly any against a conforming target, and few against one that violates.
    for drawn, most in zip(laws, (0.005, 0.03), strict=True):
        walk = Simple(*laws, drawn)
        runs = simulate(walk, alpha, design.beta, design.observations, 1500, generator)
        assert runs.inconclusive <= most


def test_what_an_observation_costs_multiplies_the_need():
    plain = Design({**RATE, "cap": 400}).plan()
    costly = Design({**RATE, "requests": 10, "cost": 2, "cap": 400}).plan()
    assert costly.expected == pytest.approx(20 * plain.expected)
    assert costly.enough == pytest.approx(20 * plain.enough, rel=0.02)
    # No test needs less than this, whatever ours costs.
    assert costly.conforming == pytest.approx(10 * plain.conforming)


def test_learning_the_alternative_costs_the_same_at_every_alpha():
    plain = Design({"kind": "divergence", "effect": 0.01, "alpha": 0.01, "beta": 0.05, "cap": 400})
    learning = Design({**plain.members, "regret": 6})
    extra = [learning.plan(a).enough - plain.plan(a).enough for a in (0.01, 1e-6)]
    assert extra[1] == pytest.approx(extra[0], rel=0.25)
    assert learning.plan().expected == pytest.approx((6 + np.log(20)) / 0.01)


def test_a_stricter_alpha_costs_a_conforming_target_hardly_anything():
    design = Design({**RATE, "cap": 400})
    strict = design.plan(alpha=1e-6)
    assert strict.conforming < 1.1 * design.plan().conforming
    assert strict.violating > 2 * design.plan().violating


def test_fewer_open_verdicts_need_more_requests():
    design = Design({**RATE, "cap": 400})
    assert design.plan(undecided=1e-4).enough > design.plan().enough


@pytest.mark.parametrize(("cap", "problems"), [(400, 0), (150, 2), (30, 3)])
def test_a_cap_is_held_against_every_profile(cap, problems):
    found = list(shortfalls(Design({**RATE, "cap": cap}), 20))
    assert len(found) == problems
    assert all("raise the cap" in message for message in found)


def test_a_cap_is_held_against_every_level():
    design = Design({**RATE, "cap": 260})
    assert list(shortfalls(design, 1)) == []
    # Rates that are less extreme are harder to tell apart.
    assert any(
        "level L3" in m for m in shortfalls(Design({**RATE, "levels": {"L3": 0.4}, "cap": 260}), 1)
    )


def test_alternatives_and_other_designs_need_a_larger_cap():
    def least(design, designs):
        share = designs * design.alternatives
        return PROFILES["full"].adapted(design).plan(RUN_ALPHA / share, UNDECIDED / share).enough

    alone, one_of_five = Design({**RATE, "cap": 1}), Design({**RATE, "alternatives": 5, "cap": 1})
    assert least(alone, 1) < least(alone, 20) < least(one_of_five, 20)


def test_a_level_shifts_the_rate_and_keeps_the_effect():
    design = Design({**RATE, "levels": {"L2": 0.01}, "cap": 400})
    assert design.at("L1").members["conforming"] == 0.05
    shifted = design.at("L2").members
    assert (shifted["conforming"], shifted["violating"]) == pytest.approx((0.01, 0.16))


@pytest.mark.parametrize(("low", "high", "gross"), [(0.01, 0.03, 0.21), (0.525, 0.575, 0.7625)])
def test_a_gross_effect_is_one_that_can_be(low, high, gross):
    members = {**RATE, "conforming": low, "violating": high, "cap": 400}
    assert Design(members).scaled(10).members["violating"] == pytest.approx(gross)


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


@pytest.mark.parametrize(
    ("members", "span", "effect", "differing"),
    [
        ({"kind": "rate", "conforming": 0.1, "violating": 0.3}, 1.0, 0.2, 0.4),
        ({"kind": "difference", "effect": 0.04, "discordant": 0.06}, 1.0, 0.04, 0.06),
        ({"kind": "mean", "effect": 0.3, "spread": 1.5}, 3.0, 0.1, 0.25),
        ({"kind": "mean", "effect": 0.3, "spread": 0.3}, 1.0, 0.3, 0.3),
    ],
)
def test_bets_are_planned_for_the_effect_and_the_pairs_that_differ(
    members, span, effect, differing
):
    design = Design({**members, "alpha": 0.01, "beta": 0.05, "cap": 400})
    assert design.differences(span) == pytest.approx((effect, differing))
    assert design.betting(span) == Betting.planned(*design.differences(span))
