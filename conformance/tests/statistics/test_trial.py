"""Tests of trials: one alternative is enough to fail, all are needed to pass."""

import numpy as np
import pytest
from drs_conformance.statistics.designs import Design
from drs_conformance.statistics.trial import Trial

RATE = {
    "kind": "rate",
    "conforming": 0.01,
    "violating": 0.1,
    "alpha": 0.01,
    "beta": 0.05,
    "cap": 400,
}


def trial(*alternatives: str, cap: int = 400) -> Trial:
    return Trial(Design({**RATE, "cap": cap}), 0.01, alternatives, "text", "truth")


def test_errors_are_shared_by_the_alternatives():
    assert [dual.alpha for dual in trial("a", "b").processes.values()] == [0.005, 0.005]
    assert [dual.beta for dual in trial("a", "b").processes.values()] == [0.05, 0.05]


def test_one_that_fails_fails_the_trial_and_closes_it():
    both = trial("a", "b")
    both.processes["a"].multiply(10.0, -10.0)
    assert both.decision == "fail"
    assert both.open == ()


def test_it_passes_when_all_pass():
    both = trial("a", "b")
    both.processes["a"].multiply(-10.0, 10.0)
    assert both.decision is None
    assert both.open == ("b",)
    both.processes["b"].multiply(-10.0, 10.0)
    assert both.decision == "pass"


def test_one_that_decides_nothing_leaves_the_trial_undecided():
    both = trial("a", "b", cap=1)
    both.processes["a"].multiply(-10.0, 10.0)
    both.processes["b"].multiply(0.0, 0.0)
    assert both.decision == "inconclusive"


@pytest.mark.parametrize(("rate", "decision"), [(0.01, "pass"), (0.2, "fail")])
def test_coins_decide_a_rate(rate, decision):
    generator = np.random.default_rng(1)
    one = trial("a")
    while one.decision is None:
        one.observe_coin(generator.random() < rate)
    assert one.decision == decision


def test_the_record_is_short_and_ends_where_the_trial_ended():
    one = trial("a", cap=5000)
    while one.decision is None:
        one.observe_coin(event=False)
    record = one.record(0)
    (process,) = record["processes"]
    assert process["decision"] == "pass"
    assert len(process["path"]) <= 64
    assert process["path"][0] == [0, 0.0, 0.0]
    assert process["path"][-1][0] == one.observations == process["observations"]


def test_a_scaled_design_looks_for_more_within_less():
    design = Design({**RATE, "cap": 400}).scaled(10)
    assert design.members["violating"] > 0.1
    assert design.cap == 120
    assert Design(RATE).scaled(1).members == {**RATE, "violating": 0.1}
    divergence = Design(
        {"kind": "divergence", "effect": 0.01, "alpha": 0.01, "beta": 0.05, "cap": 4000}
    )
    assert divergence.scaled(10).members["effect"] == pytest.approx(0.1)


def test_slack_never_helps_a_process():
    without, with_slack = (
        Trial(Design(RATE), 0.01, ["a"], "text", "truth").processes["a"] for _ in range(2)
    )
    laws = np.array([0.9, 0.1]), np.array([0.8, 0.2])
    without.observe(0, *laws)
    with_slack.observe(0, *laws, 0.01)
    assert with_slack.log_pass == pytest.approx(without.log_pass - 0.01)
    assert with_slack.log_fail == pytest.approx(without.log_fail - 0.01)


def test_slack_does_not_keep_a_process_from_its_boundary():
    dual = Trial(Design(RATE), 0.01, ["a"], "text", "truth").processes["a"]
    laws = np.array([0.9, 0.1]), np.array([0.5, 0.5])
    while dual.decision is None:
        dual.observe(0, *laws, 0.001)
    assert dual.decision == "pass"


def test_cases_are_taken_in_until_they_decide_and_no_further():
    one = trial("a")
    cases = iter(range(1000))
    with_event, without = one.observe_coins(cases, lambda number: number % 2 == 0)
    assert one.decision == "fail"
    assert with_event == list(range(0, one.observations, 2))
    assert without == list(range(1, one.observations, 2))
    assert next(cases) == one.observations
