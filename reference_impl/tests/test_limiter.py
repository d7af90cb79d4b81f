"""Quotas in fixed windows, told truthfully."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from drs_reference.gateway.limiter import Limiter, Policy, Quota
from drs_reference.response.ladder import Position
from drs_reference.response.measures import Measure
from drs_reference.response.procedure import Account
from hypothesis import given
from hypothesis import strategies as st

T0 = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy("default", 3, 60)


def account(name: str = "acct-1", *measures: str) -> Account:
    running = tuple(Measure(kind, T0) for kind in measures)
    return Account(name, "fresh-1", None, Position("standing", T0, T0), T0, running)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def test_the_quota_is_used_up_and_comes_back_with_the_next_window() -> None:
    limiter = Limiter(POLICY)
    taken = [limiter.take(account(), after(s)) for s in (0, 1, 2, 3, 59.5, 60)]
    assert [(q.allowed, q.remaining, q.reset_s) for q in taken] == [
        (True, 2, 60),
        (True, 1, 59),
        (True, 0, 58),
        (False, 0, 57),
        (False, 0, 1),
        (True, 2, 60),
    ]


def test_accounts_do_not_share_a_quota() -> None:
    limiter = Limiter(POLICY)
    for _ in range(4):
        limiter.take(account("acct-1"), T0)
    assert limiter.take(account("acct-2"), T0).remaining == 2


def test_throttling_has_a_policy_of_its_own() -> None:
    limiter = Limiter()
    assert limiter.take(account(), T0).policy.name == "default"
    quota = limiter.take(account("acct-1", "throttle"), T0)
    assert (quota.policy.name, quota.remaining) == ("graduated", 4)


def test_emptying_gives_the_full_quota_back() -> None:
    limiter = Limiter(POLICY)
    for _ in range(4):
        limiter.take(account(), after(1000))
    limiter.empty(account())
    assert limiter.take(account(), T0).remaining == 2


@given(st.lists(st.floats(0, 90), min_size=1, max_size=40))
def test_waiting_as_told_always_helps(gaps: list[float]) -> None:
    limiter, now = Limiter(POLICY), T0
    granted: list[datetime] = []
    for gap in gaps:
        now += timedelta(seconds=gap)
        quota = limiter.take(account(), now)
        if quota.allowed:
            granted.append(now)
        else:
            now += timedelta(seconds=int(limiter.fields(quota)["Retry-After"]))
            assert limiter.take(account(), now).allowed
            granted.append(now)
        assert 1 <= quota.reset_s <= POLICY.window_s
    for i in range(len(granted) - 2 * POLICY.quota):
        assert granted[i + 2 * POLICY.quota] - granted[i] >= timedelta(seconds=POLICY.window_s)


@given(st.integers(1, 999), st.integers(1, 999), st.booleans())
def test_the_fields_are_those_of_the_draft(q: int, w: int, allowed: bool) -> None:
    fields = Limiter().fields(Quota(Policy("default", q, w), allowed, q - 1, w))
    assert re.fullmatch(rf'"default";q={q};w={w}', fields["RateLimit-Policy"])
    assert re.fullmatch(rf'"default";r={q - 1};t={w}', fields["RateLimit"])
    assert ("Retry-After" in fields) == (not allowed)
