"""Measures, notices, views and cases along the ladder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from drs_reference.response.ladder import Event, Ladder
from drs_reference.response.notices import NoticePolicy
from drs_reference.response.procedure import Account, Procedure
from drs_reference.standard import registry
from hypothesis import given
from hypothesis import strategies as st

STATES = ("standing", "observed", "throttled", "perturbed", "suspended", "terminated")
T0 = datetime(2026, 1, 1, tzinfo=UTC)
DELAY, QUIET, REVIEW = 50, 200, 400


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def procedure(delay: int = DELAY) -> Procedure:
    machine = Ladder.from_registry(
        registry("ladder"),
        states=STATES,
        quiet_s={"observed": QUIET, "throttled": QUIET, "perturbed": QUIET},
        suspension_review_s=REVIEW,
    )
    return Procedure(machine, NoticePolicy(timedelta(seconds=delay)))


def account(*flags_at: float, held_in: str | None = None) -> Account:
    acting = procedure()
    opened = acting.open_account("acct-1", "fresh-1", held_in, T0)
    for seconds in flags_at:
        event = Event("evidence", ("burst",))
        opened = acting.apply(opened, event, after(seconds), "case-1").account
    return opened


def test_observation_is_not_shown() -> None:
    acting, observed = procedure(), account(10)
    assert observed.position.state == "observed"
    assert acting.view(observed, after(11)) == acting.view(account(), after(11))
    calm = acting.settle(observed, after(10 + QUIET)).account
    assert acting.view(calm, after(999)) == acting.view(account(), after(999))
    assert calm.case is None


def test_a_covert_measure_is_shown_only_when_its_notice_falls_due() -> None:
    acting, throttled, perturbed = procedure(), account(0, 10), account(0, 10, 20)
    assert perturbed.under("perturb")
    assert acting.view(perturbed, after(69)) == acting.view(throttled, after(69))
    told = acting.settle(perturbed, after(20 + DELAY)).account
    view = acting.view(told, after(70))
    assert (view.state, view.since) == ("perturbed", after(20))
    assert [(m.kind, m.since) for m in view.measures] == [
        ("throttle", after(10)),
        ("perturb", after(20)),
    ]
    assert view.review_at == after(20 + QUIET)
    assert told.case is not None
    assert [(n.state, n.mode, n.given_at) for n in told.case.notices] == [
        ("throttled", "immediate", after(10)),
        ("perturbed", "deferred", after(70)),
    ]


def test_what_falls_due_is_carried_out_in_order_of_time() -> None:
    progress = procedure().settle(account(0, 0, 0), after(10_000))
    happened = [(entry.kind, entry.target, entry.at) for entry in progress.entries]
    assert happened == [
        ("notice", "perturbed", after(DELAY)),
        ("transition", "throttled", after(QUIET)),
        ("transition", "observed", after(2 * QUIET)),
        ("transition", "standing", after(3 * QUIET)),
    ]
    assert progress.account.case is None
    (case,) = progress.cases
    assert case.state == "standing"


def test_suspension_is_shown_at_once_though_another_notice_waits() -> None:
    acting = procedure()
    event = Event("evidence", ("burst",), ("ann",))
    suspended = acting.apply(account(0, 0, 0), event, after(5), "case-1").account
    view = acting.view(suspended, after(5))
    assert (view.state, view.review_at) == ("suspended", after(5 + REVIEW))
    assert [m.kind for m in view.measures] == ["suspend"]
    later = acting.settle(suspended, after(60)).account
    assert acting.view(later, after(60)) == view
    assert later.case is not None
    assert later.case.deferred is None


def test_an_upheld_appeal_closes_the_case_and_tells_what_waited() -> None:
    event = Event("appeal-upheld", (), ("ann",))
    progress = procedure().apply(account(0, 0, 0), event, after(5), "case-2")
    assert progress.account.case is None
    assert progress.account.measures == ()
    (case,) = progress.cases
    assert case.id == "case-1"
    assert case.notices[-1].given_at == after(5)


def test_the_next_case_is_a_new_one() -> None:
    acting, calm = procedure(), procedure().settle(account(0), after(QUIET)).account
    event = Event("evidence", ("burst",))
    reopened = acting.apply(calm, event, after(QUIET + 1), "case-2").account
    assert reopened.case is not None
    assert reopened.case.id == "case-2"
    assert len(reopened.case.transitions) == 1


@pytest.mark.parametrize("state", ["throttled", "perturbed", "suspended", "terminated"])
def test_a_held_persona_stays_and_always_has_a_review_ahead(state: str) -> None:
    acting = procedure()
    held = acting.hold(account(held_in=state), T0, "case-1").account
    assert held.position.state == state
    for seconds in (1, QUIET, 10 * QUIET, 1000 * QUIET):
        held = acting.settle(held, after(seconds)).account
        view = acting.view(held, after(seconds))
        assert held.position.state == state
        assert (view.review_at is None) == (state == "terminated")
        assert view.review_at is None or view.review_at > after(seconds)
    assert acting.view(held, after(10**6)).state == state, "the notice was given"


def test_reset_keeps_the_case_and_returns_to_the_beginning() -> None:
    progress = procedure().reset(account(0, 0), after(30), after(3))
    position = progress.account.position
    assert (position.state, position.since, position.waits_from) == ("standing", after(3), after(3))
    assert progress.account.case is None
    (case,) = progress.cases
    assert [(t.target, t.on) for t in case.transitions][-1] == ("standing", "reset")


EVENTS = st.sampled_from(
    [
        Event("evidence", ("burst",)),
        Event("evidence", ("burst",), ("ann",)),
        Event("evidence", ("burst",), ("ann", "bob")),
        Event("appeal-upheld", (), ("ann",)),
        None,
    ]
)


@given(
    st.lists(st.tuples(EVENTS, st.integers(0, 300)), max_size=20), st.sampled_from([0, 50, 1000])
)
def test_no_account_is_told_less_than_promised(
    history: list[tuple[Event | None, int]], delay: int
) -> None:
    acting = procedure(delay)
    current, now = acting.open_account("acct-1", "fresh-1", None, T0), T0
    for i, (event, seconds) in enumerate(history):
        now += timedelta(seconds=seconds)
        current = acting.settle(current, now).account
        if event is not None:
            current = acting.apply(current, event, now, f"case-{i}").account
        state, view = current.position.state, acting.view(current, now)
        assert (current.case is None) == (state == "standing")
        if state in ("standing", "observed"):
            assert (view.state, view.measures, view.review_at) == ("standing", (), None)
        elif state != "perturbed":
            assert (view.state, view.since) == (state, current.position.since)
        elif now >= current.position.since + timedelta(seconds=delay) and delay:
            settled = acting.settle(current, now).account
            assert acting.view(settled, now).state == "perturbed"
        if view.state != "standing":
            assert view.measures
            assert current.case is not None
            assert current.case.noticed
        for notice in current.case.notices if current.case else ():
            assert notice.given_at is None or notice.given_at <= notice.due_at
            assert notice.given_at is not None or notice.due_at > now or delay == 0
