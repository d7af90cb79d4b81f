"""The ladder follows its registry, whatever happens in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml
from drs_reference.response.ladder import Event, Ladder, LadderError, Position, different_people
from drs_reference.standard import registry, standard_root
from hypothesis import given
from hypothesis import strategies as st

STATES = ("standing", "observed", "throttled", "perturbed", "suspended", "terminated")
QUIET = {"observed": 100, "throttled": 200, "perturbed": 300}
REVIEW = 400
T0 = datetime(2026, 1, 1, tzinfo=UTC)
EVIDENCE = Event("evidence", ("burst",))


def ladder(states: tuple[str, ...] = STATES) -> Ladder:
    return Ladder.from_registry(
        registry("ladder"), states=states, quiet_s=QUIET, suspension_review_s=REVIEW
    )


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def flagged(times: int, *approvals: str) -> Position:
    """Where ``times`` pieces of evidence at T0 lead, the last one with approvals."""
    machine, position = ladder(), ladder().start(T0)
    for i in range(times):
        people = approvals if i == times - 1 else ()
        position = machine.apply(position, Event("evidence", ("burst",), people), T0).position
    return position


def test_evidence_climbs_one_state_at_a_time() -> None:
    assert [flagged(n).state for n in range(5)] == [*STATES[:4], "perturbed"]


@pytest.mark.parametrize(
    ("flags", "approvals", "reached"),
    [
        (3, ("ann",), "suspended"),
        (4, ("ann",), "suspended"),
        (3, (), "perturbed"),
        (2, ("ann", "bob"), "throttled"),
    ],
)
def test_the_edge_with_most_fulfilled_approvals_is_taken(
    flags: int, approvals: tuple[str, ...], reached: str
) -> None:
    assert flagged(flags, *approvals).state == reached


@pytest.mark.parametrize(
    ("approvals", "reached"),
    [
        ((), "suspended"),
        (("ann",), "suspended"),
        (("ann", "ann"), "suspended"),
        (("ann", "Ann "), "suspended"),
        (("ann", " "), "suspended"),
        (("ann", "bob"), "terminated"),
    ],
)
def test_termination_needs_two_different_people(approvals: tuple[str, ...], reached: str) -> None:
    suspended = flagged(3, "ann")
    event = Event("evidence", ("burst",), approvals)
    assert ladder().apply(suspended, event, after(1)).position.state == reached


def test_the_transition_names_each_person_once() -> None:
    event = Event("evidence", ("burst",), ("ann", "ANN", "bob"))
    (transition,) = ladder().apply(flagged(3, "ann"), event, T0).transitions
    assert transition.approvals == ("ann", "bob")


def test_quiet_time_steps_down_and_each_step_starts_it_anew() -> None:
    machine, perturbed = ladder(), flagged(4)
    assert machine.elapse(perturbed, after(299.999)).position.state == "perturbed"
    steps = machine.elapse(perturbed, after(10_000)).transitions
    assert [(step.target, step.at) for step in steps] == [
        ("throttled", after(300)),
        ("observed", after(500)),
        ("standing", after(600)),
    ]


def test_evidence_that_moves_nothing_restarts_the_quiet_time() -> None:
    machine = ladder()
    again = machine.apply(flagged(4), EVIDENCE, after(250))
    assert again.transitions == ()
    assert machine.due_at(again.position) == after(550)
    assert again.position.since == T0


def test_evidence_does_not_put_off_a_review() -> None:
    machine = ladder()
    again = machine.apply(flagged(3, "ann"), EVIDENCE, after(399)).position
    (lapse,) = machine.elapse(again, after(400)).transitions
    assert (lapse.target, lapse.on, lapse.at) == ("observed", "time", after(400))


def test_termination_does_not_end_by_itself() -> None:
    machine, suspended = ladder(), flagged(3, "ann")
    event = Event("evidence", ("burst",), ("ann", "bob"))
    terminated = machine.apply(suspended, event, T0).position
    assert machine.due_at(terminated) is None
    assert machine.elapse(terminated, after(10**9)).position == terminated


def test_an_upheld_appeal_needs_a_person() -> None:
    machine, throttled = ladder(), flagged(2)
    alone = machine.apply(throttled, Event("appeal-upheld"), after(1))
    heard = machine.apply(throttled, Event("appeal-upheld", (), ("ann",)), after(1))
    assert (alone.position.state, heard.position.state) == ("throttled", "standing")
    assert machine.due_at(alone.position) == after(200), "an appeal is no evidence"


def test_edges_of_unused_states_do_not_exist() -> None:
    machine = ladder(("standing", "observed", "throttled", "suspended"))
    position = flagged(2)
    assert machine.apply(position, EVIDENCE, T0).position.state == "throttled"
    event = Event("evidence", ("burst",), ("ann",))
    assert machine.apply(position, event, T0).position.state == "suspended"


def test_an_undeclared_waiting_time_is_refused() -> None:
    with pytest.raises(LadderError, match="observed"):
        Ladder.from_registry(registry("ladder"), states=STATES, quiet_s={}, suspension_review_s=1)
    with pytest.raises(LadderError, match="banished"):
        ladder(("standing", "banished"))


PEOPLE = st.lists(st.sampled_from(["ann", "bob", "Ann", " ", "cy"]), max_size=3).map(tuple)
EVENTS = st.one_of(
    st.builds(Event, st.just("evidence"), st.just(("burst",)), PEOPLE),
    st.builds(Event, st.just("appeal-upheld"), st.just(()), PEOPLE),
    st.none(),
)


@given(st.lists(st.tuples(EVENTS, st.integers(-50, 700)), max_size=25))
def test_only_registered_edges_are_taken(history: list[tuple[Event | None, int]]) -> None:
    """Edges, approvals and waits are read from the registry's text, not from the ladder."""
    text = (standard_root() / "spec/0.1/registries/ladder.yaml").read_text("utf-8")
    edges = yaml.load(text.replace(" on:", ' "on":'), yaml.SafeLoader)["transitions"]
    waits = {**QUIET, "suspended": REVIEW}
    machine, position, now, quiet_since = ladder(), ladder().start(T0), T0, T0
    for event, seconds in history:
        now += timedelta(seconds=seconds)
        before = position
        outcome = machine.elapse(position, now)
        if event is not None:
            outcome = machine.apply(position, event, now)
        position = outcome.position
        state, at = before.state, before.since
        for step in outcome.transitions:
            assert step.source == state
            assert step.at >= at, "clocks of an account never run backwards"
            edge = next(e for e in edges if (e["from"], e["to"]) == (step.source, step.target))
            assert edge["on"] == step.on
            if step.on == "time":
                assert step.at == quiet_since + timedelta(seconds=waits[step.source])
            else:
                assert (
                    len({name.strip().lower() for name in step.approvals} - {""})
                    >= edge["approvals"]
                )
            state, at = step.target, step.at
            quiet_since = step.at
        assert (position.state, position.since) == (state, at)
        assert sum(step.on != "time" for step in outcome.transitions) <= 1
        moved_by_event = any(step.on != "time" for step in outcome.transitions)
        if event and event.on == "evidence" and not moved_by_event and state in QUIET:
            quiet_since = max(now, position.since, quiet_since)


@given(st.lists(st.text(max_size=5), max_size=5))
def test_people_are_counted_once_and_never_invented(names: list[str]) -> None:
    people = different_people(names)
    assert set(people) <= set(names)
    assert len(different_people([*names, *names])) == len(people)
