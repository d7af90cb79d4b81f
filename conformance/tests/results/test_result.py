"""The fold from events to a result."""

from __future__ import annotations

import re

import pytest
from drs_conformance.results.events import CheckStarted, event_document
from drs_conformance.results.excludes import CONFIDENCE, excluded_rate, excluded_sentence
from drs_conformance.results.result import build_result, result_bytes
from drs_conformance.specification.schemas import problems
from drs_conformance.verdicts import SEVERITY, worst
from hypothesis import given
from hypothesis import strategies as st
from sample_events import AT, a_run, checked, finished, listed, started

VERDICTS = st.lists(st.sampled_from(SEVERITY), max_size=8)


@given(VERDICTS)
def test_results_and_events_follow_their_schemas(verdicts) -> None:
    events = a_run(verdicts)
    assert problems("result", build_result(events)) == []
    for event in events:
        assert problems("event", event_document(event)) == []


@given(VERDICTS)
def test_the_result_is_a_function_of_the_events(verdicts) -> None:
    events = a_run(verdicts)
    assert result_bytes(build_result(events)) == result_bytes(build_result(iter(events)))


@given(VERDICTS)
def test_nothing_vanishes(verdicts) -> None:
    result = build_result(a_run(verdicts))
    assert [entry["outcome"]["verdict"] for entry in result["requirements"]] == verdicts
    assert sum(result["summary"]["verdicts"].values()) == len(verdicts)


@given(VERDICTS)
def test_the_exit_code_follows_the_verdicts(verdicts) -> None:
    code = build_result(a_run(verdicts))["exit_code"]
    if "fail" in verdicts:
        assert code == 1
    elif "pass" in verdicts and set(verdicts) <= {"pass", "not-applicable"}:
        assert code == 0
    else:
        assert code == 3


@given(st.lists(st.sampled_from(SEVERITY), min_size=1, max_size=4))
def test_the_worst_check_of_a_requirement_wins(verdicts) -> None:
    pairs = [event for verdict in verdicts for event in checked("DCL-01", verdict)]
    result = build_result([started(), listed("DCL-01"), *pairs, finished()])
    assert result["requirements"][0]["outcome"]["verdict"] == worst(verdicts)


def test_severity_is_that_of_the_standard() -> None:
    assert SEVERITY == (
        "fail",
        "harness-error",
        "untestable",
        "inconclusive",
        "pass",
        "not-applicable",
    )


def waived(identifier: str) -> tuple[dict[str, str], ...]:
    return ({"requirement": identifier, "reason": "known", "expires": "2026-12-31"},)


def test_a_waived_failure_stays_a_failure_and_leaves_the_exit_code() -> None:
    result = build_result(a_run(["fail", "pass"], waivers=waived("DCL-01")))
    assert result["exit_code"] == 0
    assert result["requirements"][0]["outcome"]["verdict"] == "fail"
    assert result["requirements"][0]["waived"]["reason"] == "known"
    assert result["summary"]["waived"] == 1
    assert not result["claim"]["supported"]
    assert problems("result", result) == []


def test_a_waiver_covers_nothing_but_a_failure() -> None:
    result = build_result(a_run(["untestable", "pass"], waivers=waived("DCL-01")))
    assert result["exit_code"] == 3
    assert result["requirements"][0]["waived"] is None
    other = build_result(a_run(["fail", "fail", "pass"], waivers=waived("DCL-01")))
    assert other["exit_code"] == 1


def test_waived_failures_alone_are_no_pass() -> None:
    assert build_result(a_run(["fail"], waivers=waived("DCL-01")))["exit_code"] == 3


def test_a_requirement_that_no_check_spoke_of_is_a_harness_error() -> None:
    events = [started(), listed("DCL-01"), listed("DCL-02"), *checked("DCL-01", "pass"), finished()]
    result = build_result(events)
    assert result["requirements"][1]["outcome"]["verdict"] == "harness-error"
    assert result["exit_code"] == 3


@pytest.mark.parametrize("end", [[], [finished(stopped="budget")]])
def test_what_an_early_end_left_out_is_inconclusive(end) -> None:
    events = [started(), listed("DCL-01"), listed("DCL-02"), *checked("DCL-01", "pass"), *end]
    result = build_result(events)
    assert result["requirements"][1]["outcome"]["verdict"] == "inconclusive"
    assert result["exit_code"] == 3
    assert result["stopped"] == ("budget" if end else "cut-off")
    assert problems("result", result) == []


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        ([], "inconclusive"),
        ([finished(stopped="interrupted")], "inconclusive"),
        ([finished()], "harness-error"),
    ],
)
@pytest.mark.parametrize("others", [[], ["pass"], ["not-applicable", "pass"]])
def test_a_check_that_began_and_never_ended_is_no_pass(end, verdict, others) -> None:
    ended = [event for other in others for event in checked("DCL-01", other)]
    events = [started(), listed("DCL-01"), *ended, CheckStarted("DCL-01", "last", AT), *end]
    result = build_result(events)
    assert result["requirements"][0]["outcome"]["verdict"] == verdict
    assert result["requirements"][0]["outcome"]["excludes"] is None
    assert result["exit_code"] == 3
    assert problems("result", result) == []


def test_a_failure_outlives_a_check_that_never_ended() -> None:
    begun = CheckStarted("DCL-01", "last", AT)
    events = [started(), listed("DCL-01"), *checked("DCL-01", "fail"), begun]
    outcome = build_result(events)["requirements"][0]["outcome"]
    assert outcome["verdict"] == "fail"
    assert outcome["reproduce"] == ["curl https://lab.example/"]


def test_a_run_that_was_cut_off_spent_what_its_checks_sent() -> None:
    assert build_result(a_run(["pass", "fail"])[:-1])["spent"]["requests"] == 4


@pytest.mark.parametrize("status", ["not-run", "pending", "inspect", "attest"])
def test_what_is_not_tested_has_no_outcome_and_no_effect(status) -> None:
    events = a_run(["pass"])
    events.insert(2, listed("DCL-09", status=status, reason="why"))
    result = build_result(events)
    assert result["exit_code"] == 0
    assert result["requirements"][1]["outcome"] is None
    assert result["claim"]["supported"] is (status != "pending")


def test_only_a_registered_run_that_passes_supports_a_claim() -> None:
    assert build_result(a_run(["pass", "not-applicable"]))["claim"]["supported"]
    for changes in ({"profile": "smoke"}, {"profile": "full", "registration": None}):
        assert not build_result(a_run(["pass"], **changes))["claim"]["supported"]


@given(st.integers(2, 100_000))
def test_the_excluded_rate_is_that_at_which_such_a_run_is_unlikely(trials) -> None:
    rate = excluded_rate(trials)
    assert (1 - rate) ** trials == pytest.approx(1 - CONFIDENCE)
    assert excluded_rate(299) < 0.01 < excluded_rate(298)


def test_a_single_observation_excludes_no_rate() -> None:
    assert "single observation" in excluded_sentence(1)
    result = build_result(
        [started(), listed("DCL-01"), *checked("DCL-01", "pass", trials=1), finished()]
    )
    assert result["requirements"][0]["outcome"]["excluded_rate"] is None


@given(st.integers(2, 1_000_000))
def test_the_sentence_never_says_more_than_the_rate(trials) -> None:
    said = re.search(r"more than ([0-9.]+)% of", excluded_sentence(trials))
    assert said is not None
    exact = excluded_rate(trials) * 100
    assert exact <= float(said[1]) <= exact * 1.1 + 1e-9


@pytest.mark.parametrize(
    ("trials", "said"), [(2, "78%"), (20, "14%"), (400, "0.75%"), (1000, "0.30%")]
)
def test_the_sentence_gives_two_digits(trials, said) -> None:
    assert f"more than {said} of such requests" in excluded_sentence(trials)
