"""A fast part of `make bench-statistics`: the goals hold, with room for few simulations."""

from __future__ import annotations

import numpy as np
import pytest
from decision_engine import misses
from drs_conformance.profiles import PROFILES
from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.statistics.designs import Design
from drs_reference.gateway.sampling import Sampling
from engine import known, mutant_laws, power, suite
from mutants import MUTANTS

CATALOGUE = load_catalogue()
BUILT = [item for item in CATALOGUE.requirements if item.design and item.excluded is None]
DESIGNS = {item.id: Design(item.design) for item in BUILT}
SHARING = sum(item.design is not None for item in CATALOGUE.requirements)
SEED = 7
SLOW = {"noise-is-drawn-afresh", "perturbation-shows"}
"""Mutants whose laws take many answers of the model."""
FEW = 8
"""Observations."""


@pytest.mark.parametrize("name", ["campaigns .95 / .80", "latency .01 / .03", known.UTILITY])
def test_known_designs_need_little_more_than_any_test_must(name):
    row = known.row(name, 1500, np.random.default_rng(SEED))
    for figure, most in known.goals(row).items():
        assert row[figure] <= most + 3 * row["ratio_error"], figure
    assert row["nightly_false_fail"] <= row["nightly_alpha"] + 3 * row["nightly_false_fail_error"]
    assert row["nightly_fixed"] >= 4 * row["nightly_mean"]


def test_no_test_in_batches_of_32_comes_close_to_a_bound_of_31_observations():
    row = known.row("campaigns .95 / .80", 200, np.random.default_rng(SEED))
    assert known.IN_BATCHES_OF_32 < row["least_batch_32"] < row["ratio_batch_32"]


@pytest.fixture(name="measured", scope="module")
def _measured():
    profile = PROFILES["full"]
    return [
        suite.measure(item.id, profile.adapted(Design(item.design)), SHARING, 400, SEED)
        for item in BUILT
    ]


def test_no_design_fails_more_often_than_its_share(measured):
    for design in measured:
        row = design.row
        assert row["false_fail"] <= row["alpha"] + 3 * row["false_fail_error"], row
        assert row["false_fail"] >= row["alpha"] / 4, row


def test_no_design_passes_a_violation_more_often_than_it_says(measured):
    for design in measured:
        row = design.row
        assert row["false_pass"] <= row["beta"] + 3 * np.sqrt(row["beta"] / 400), row


def test_plans_are_what_runs_need(measured):
    for design in measured:
        row = design.row
        if design.identifier not in suite.FREE:
            # Whole observations, and the slowest of several processes, tell where few decide.
            few = FEW * DESIGNS[design.identifier].requests
            assert 0.75 * row["planned"] <= row["requests"] <= 1.25 * row["planned"] + few, row
        assert row["inconclusive"] <= 0.01, row


def test_a_year_of_nights_keeps_its_word(measured):
    nights = suite.suite(measured, PROFILES["full"].requests)
    assert nights["nights_with_false_fail"] == 0
    assert nights["yearly_false_fail"] <= 0.01
    assert nights["all_pass"] >= 0.97
    assert nights["inconclusive"] <= 0.02
    assert nights["requests_mean"] <= 6500
    assert nights["over_hard_cap"] == 0


@pytest.mark.parametrize(
    "name", sorted({*mutant_laws.EVENTS, *mutant_laws.WRONG, *mutant_laws.DIFFERENCES} - SLOW)
)
def test_mutants_at_middle_strength_are_found(name):
    for row in power.powers_against(MUTANTS[name], 1000, np.random.default_rng(SEED)):
        assert row["power"] >= power.GOAL - 0.003, row


def test_the_laws_of_a_mutant_are_those_of_its_answers():
    with mutant_laws.endpoint_parts() as parts:
        first = mutant_laws.first_tokens(parts, "some-accounts-are-perturbed", "middle", SEED)
    assert np.allclose(first.declared, first.control)
    assert not np.allclose(first.declared, first.other, atol=0.02)
    assert np.allclose(first.other.sum(axis=1), 1)


def test_slow_laws_come_from_answers_with_and_without_the_measure():
    prompt, sampling = "How do I spend a free Saturday in Rome?", Sampling(seed=1, max_tokens=4)
    with mutant_laws.endpoint_parts() as parts:
        loud = MUTANTS["perturbation-shows"].alter(parts, 1.0)
        plain, shown = (
            mutant_laws.texts_of(loud, prompt, sampling, measured=measured, times=2)
            for measured in (False, True)
        )
    assert all(text.startswith(" because") for text in shown)
    assert not any(text.startswith(" because") for text in plain)


def test_a_goal_that_is_missed_is_named():
    document = {
        "known": [],
        "suite": [
            {
                "id": "STD-01",
                "alpha": 1e-6,
                "beta": 0.05,
                "false_fail": 2e-6,
                "false_fail_error": 1e-7,
                "false_pass": 0.04,
                "false_pass_error": 0.01,
                "pending": False,
            }
        ],
        "nights": {},
        "power": [{"mutant": "a-mutant", "power": 0.9}, {"mutant": "unknown", "power": None}],
    }
    assert [one.partition(":")[0] for one in misses(document)] == ["STD-01", "a-mutant"]
