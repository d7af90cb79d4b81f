"""The ladder of the registry, as the suite reads it."""

from __future__ import annotations

import itertools

import pytest
from drs_conformance.scheduling.ladder import Ladder
from drs_conformance.specification.registries import load_registry
from hypothesis import given
from hypothesis import strategies as st

REGISTRY = load_registry("ladder")
LADDER = Ladder.from_registry(REGISTRY)
ALL = frozenset(LADDER.ranks)


def test_it_holds_every_state_and_transition() -> None:
    assert len(LADDER.edges) == len(REGISTRY["transitions"])
    assert LADDER.initial == "standing"
    assert LADDER.shown_as["observed"] == "standing"


def test_staying_is_allowed_and_jumping_is_not() -> None:
    assert LADDER.allows("throttled", "throttled", "evidence")
    assert LADDER.allows("standing", "observed", "evidence")
    assert not LADDER.allows("standing", "throttled", "evidence")
    assert not LADDER.allows("observed", "suspended", "evidence")
    assert not LADDER.allows("throttled", "observed", "evidence")


def test_time_leads_down_and_never_up() -> None:
    assert LADDER.reachable_by_time("perturbed") == {
        "perturbed",
        "throttled",
        "observed",
        "standing",
    }
    assert LADDER.reachable_by_time("terminated") == {"terminated"}
    for state in ALL:
        assert all(LADDER.ranks[s] <= LADDER.ranks[state] for s in LADDER.reachable_by_time(state))


@pytest.mark.parametrize(
    ("state", "steps", "people"),
    [("standing", 0, []), ("throttled", 2, [0, 0]), ("terminated", 4, [0, 0, 1, 2])],
)
def test_the_way_up_is_the_shortest(state: str, steps: int, people: list[int]) -> None:
    way = LADDER.way_up(state, ALL)
    assert way is not None
    assert [edge.approvals for edge in way] == people
    assert len(way) == steps


def test_states_that_are_not_declared_are_not_passed_through() -> None:
    assert LADDER.way_up("perturbed", ALL - {"perturbed"}) is None
    assert LADDER.way_up("suspended", ALL - {"throttled"}) is None


def test_nothing_is_allowed_but_staying_and_what_is_written() -> None:
    written = {(edge["from"], edge["to"], edge["on"]) for edge in REGISTRY["transitions"]}
    for source, target, on in itertools.product(ALL, ALL, {on for _, _, on in written}):
        allowed = source == target or (source, target, on) in written
        assert LADDER.allows(source, target, on) == allowed, (source, target, on)


@given(st.sets(st.sampled_from(sorted(ALL))), st.sampled_from(sorted(ALL)))
def test_a_way_up_joins_declared_states_by_evidence(states: set[str], target: str) -> None:
    way = LADDER.way_up(target, states)
    if way is None:
        return
    assert all(edge.on == "evidence" and edge.target in states for edge in way)
    places = [LADDER.initial, *(edge.target for edge in way)]
    assert [edge.source for edge in way] == places[:-1]
    assert places[-1] == target
    ranks = [LADDER.ranks[place] for place in places]
    assert ranks == sorted(set(ranks))
