"""Mutants of the chapter Graduated response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.appeals_desk import AppealsDesk
from drs_reference.gateway.limiter import Limiter, Quota
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.problems import Problem, Refusals, plain_problem
from drs_reference.response.appeals import Appeal
from drs_reference.response.ladder import Edge, Event, Ladder, Position
from drs_reference.response.procedure import Account
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from mutants.asgi import Fields, editing_fields
from mutants.mutant import mutant


def with_ladder(parts: Parts, kind: type[Ladder]) -> Parts:
    ladder = parts.ladder
    return replace(parts, ladder=kind(ladder.initial, ladder.stages.values(), ladder.edges))


@mutant(breaks=["RSP-01"], wraps=True)
def account_view_in_shared_caches(app: ASGIApp) -> ASGIApp:
    """Nothing keeps a proxy from showing one account's standing to another."""

    def edit(_: int, fields: Fields) -> Fields:
        return [(name, value) for name, value in fields if name != b"cache-control"]

    return editing_fields(app, lambda scope: scope["path"] == "/drs/v1/account", edit)


@mutant(breaks=["RSP-02"], wraps=True)
def no_quota_on_bad_requests(app: ASGIApp) -> ASGIApp:
    """Refusals of parameters count towards the quota and do not say so."""

    def edit(status: int, fields: Fields) -> Fields:
        hidden = status == 400
        return [(n, v) for n, v in fields if not (hidden and n.startswith(b"ratelimit"))]

    return editing_fields(app, lambda scope: scope["path"] == "/v1/chat/completions", edit)


@mutant(breaks=["RSP-03"])
def throttled_without_retry_after(parts: Parts) -> Parts:
    """A refused client is not told when to come back."""

    class NoRetryAfter(Limiter):
        def fields(self, quota: Quota) -> Mapping[str, str]:
            return {n: v for n, v in super().fields(quota).items() if n != "Retry-After"}

    return replace(parts, limiter=NoRetryAfter())


@mutant(breaks=["RSP-03"])
def throttled_as_if_out_of_capacity(parts: Parts) -> Parts:
    """A measure is passed off as an ordinary quota, with no case and no appeal."""

    class Quiet(Refusals):
        def over_quota(self, account: Account, quota: Quota) -> Problem:
            return super().over_quota(replace(account, measures=(), case=None), quota)

    return replace(parts, refusals=Quiet(parts.terms.appeals_path))


@mutant(breaks=["RSP-04"])
def quota_bites_early(parts: Parts) -> Parts:
    """A throttled account is refused while it still has a request left."""

    class Early(Limiter):
        def take(self, account: Account, now: datetime) -> Quota:
            quota = super().take(account, now)
            early = quota.policy is self.graduated and quota.remaining == 0
            return replace(quota, allowed=False, remaining=1) if early else quota

    return replace(parts, limiter=Early())


@mutant(breaks=["RSP-04"])
def quota_never_bites(parts: Parts) -> Parts:
    """The quota is announced and not enforced for the first two requests beyond it."""

    class Lenient(Limiter):
        def __init__(self) -> None:
            super().__init__()
            self.beyond: dict[str, int] = {}

        def take(self, account: Account, now: datetime) -> Quota:
            quota = super().take(account, now)
            if quota.allowed:
                return quota
            self.beyond[account.id] = self.beyond.get(account.id, 0) + 1
            return replace(quota, allowed=self.beyond[account.id] <= 2)

        def empty(self, account: Account) -> None:
            super().empty(account)
            self.beyond.pop(account.id, None)

    return replace(parts, limiter=Lenient())


class _Closed(Refusals):
    """Refuses accounts whose inference has ended in another form; `of` says which accounts."""

    of = ""

    def closed(self, account: Account) -> Problem:
        problem = super().closed(account)
        return self.other(problem) if account.under(self.of) else problem

    def other(self, problem: Problem) -> Problem:
        raise NotImplementedError


@mutant(breaks=["RSP-05"])
def suspension_without_a_way_out(parts: Parts) -> Parts:
    """The refusal of a suspended account does not say where to appeal."""

    class Closed(_Closed):
        of = "suspend"

        def other(self, problem: Problem) -> Problem:
            members = {n: v for n, v in problem.members.items() if n != "appeal"}
            return replace(problem, members=members)

    return replace(parts, refusals=Closed(parts.terms.appeals_path))


@mutant(breaks=["RSP-06"])
def terminated_accounts_are_unknown(parts: Parts) -> Parts:
    """The credential of a terminated account is treated as if it had never been."""

    class Closed(_Closed):
        of = "terminate"

        def other(self, problem: Problem) -> Problem:
            return plain_problem(401, "There is no such account.")

    return replace(parts, refusals=Closed(parts.terms.appeals_path))


@mutant(breaks=["RSP-07"])
def burst_leads_straight_to_suspension(parts: Parts) -> Parts:
    """Evidence of a burst skips the steps between observation and suspension."""

    class Jumping(Ladder):
        def event_edge(self, state: str, event: Event) -> Edge | None:
            if state == "observed" and "burst" in event.evidence:
                return Edge("jump", "observed", "suspended", "evidence")
            return super().event_edge(state, event)

    return with_ladder(parts, Jumping)


@mutant(breaks=["RSP-08"])
def measures_that_never_end(parts: Parts) -> Parts:
    """Nothing steps down by itself."""

    class Endless(Ladder):
        def time_edge(self, state: str) -> Edge | None:
            return None

    return with_ladder(parts, Endless)


@mutant(breaks=["RSP-08"])
def measures_that_end_in_half_the_time(parts: Parts) -> Parts:
    """Whoever waits for half the declared time is let off."""

    class Hasty(Ladder):
        def due_at(self, position: Position) -> datetime | None:
            edge = self.time_edge(position.state)
            return None if edge is None else position.waits_from + edge.wait / 2

    return with_ladder(parts, Hasty)


@mutant(breaks=["RSP-09"])
def one_person_counted_twice(parts: Parts) -> Parts:
    """Two approvals by the same person terminate an account."""

    class Counting(Ladder):
        def event_edge(self, state: str, event: Event) -> Edge | None:
            numbered = tuple(f"{name}-{i}" for i, name in enumerate(event.approvals))
            return super().event_edge(state, replace(event, approvals=numbered))

    return with_ladder(parts, Counting)


@mutant(breaks=["RSP-10"])
def refusals_that_name_the_evidence(parts: Parts) -> Parts:
    """The refusal of a suspended account says what was noticed."""

    class Talkative(Refusals):
        def closed(self, account: Account) -> Problem:
            problem = super().closed(account)
            case = account.case
            noticed = case.transitions[-1].evidence if case and account.under("suspend") else ()
            detail = f"{problem.detail} Reason: {', '.join(noticed)}." if noticed else ""
            return replace(problem, detail=detail or problem.detail)

    return replace(parts, refusals=Talkative(parts.terms.appeals_path))


@mutant(breaks=["RSP-11"])
def no_appeals_for_the_terminated(parts: Parts) -> Parts:
    """A terminated account cannot reach the appeals."""

    class Desk(AppealsDesk):
        def find(
            self, accounts: Accounts, account: Account, appeal: str, auditor: bool
        ) -> Appeal | None:
            if account.under("terminate"):
                raise HTTPException(403)
            return super().find(accounts, account, appeal, auditor)

    return replace(parts, appeals=Desk(int(parts.appeals.decision_max / timedelta(seconds=1))))
