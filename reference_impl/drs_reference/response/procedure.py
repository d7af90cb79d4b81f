"""How an account moves: ladder, measures, notices and case together.

Pure: each function takes an account and returns the account after, with the audit entries that
must be durable before anybody sees an effect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from drs_reference.eligibility.facts import Facts
from drs_reference.response.cases import Case
from drs_reference.response.ladder import Event, Ladder, Outcome, Position, Transition
from drs_reference.response.measures import Measure, measures_after
from drs_reference.response.notices import NoticePolicy


@dataclass(frozen=True, slots=True)
class View:
    """What an account is shown: the state that it was told of, since when, and what follows."""

    state: str
    since: datetime
    measures: tuple[Measure, ...]
    review_at: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account and where it stands. All times are by the account's own clock.

    ``persona`` is None for an ordinary account, which the test mode cannot reach. ``held_in`` names
    the state in which a test persona is kept. ``shown_since`` is when the shown state began.
    ``told`` is what is shown instead while the notice of the present state waits. ``facts`` are
    what is established of the organisation behind it, where anything is.
    """

    id: str
    persona: str | None
    held_in: str | None
    position: Position
    shown_since: datetime
    measures: tuple[Measure, ...] = ()
    told: View | None = None
    case: Case | None = None
    clock_offset_s: int = 0
    facts: Facts | None = None

    @property
    def name(self) -> str:
        """What its credential stands for: the persona, or for any other account its identifier."""
        return self.persona or self.id

    def under(self, measure: str) -> bool:
        """Whether a measure (throttle, perturb, suspend, terminate) is in force."""
        return any(running.kind == measure for running in self.measures)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that happened to an account; ``kind`` is one of the schema audit-record.

    ``criterion`` is there for eligibility: what excludes the account, if anything does.
    """

    kind: str
    account: str
    case: str | None
    at: datetime
    source: str
    target: str
    on: str
    evidence: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    criterion: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The account after, its audit entries and the cases that changed (closed ones too)."""

    account: Account
    entries: tuple[AuditEntry, ...] = ()
    cases: tuple[Case, ...] = ()


class Procedure:
    """The declared ladder and notice policy at work."""

    def __init__(self, ladder: Ladder, notices: NoticePolicy) -> None:
        self.ladder = ladder
        self.notices = notices

    def open_account(
        self, account: str, persona: str | None, held_in: str | None, now: datetime
    ) -> Account:
        """A new account in good standing."""
        return Account(account, persona, held_in, self.ladder.start(now), now)

    def view(self, account: Account, now: datetime) -> View:
        """What the account is shown. Observation alone is shown as good standing."""
        due = self.ladder.due_at(account.position)
        if account.told is not None:
            told = account.told
            passed = told.review_at is not None and told.review_at <= now
            return replace(told, review_at=due) if passed else told
        shown = self.ladder.stages[account.position.state].shown_as
        review_at = due if account.measures else None
        return View(shown, account.shown_since, account.measures, review_at)

    def settle(self, account: Account, now: datetime) -> Progress:
        """Everything that fell due by ``now``, in order of time: notices and time edges.

        A held persona takes no time edge; its waiting time begins anew instead.
        """
        done = Progress(account)
        while True:
            account, held = done.account, done.account.held_in is not None
            notice = account.case.deferred if account.case else None
            step_due = self.ladder.due_at(account.position)
            told_at = self.notices.due_at(notice, now) if notice else None
            notice_first = held or step_due is None or (told_at and told_at <= step_due)
            if told_at is not None and told_at <= now and notice_first:
                done = self._join(done, self._give_notice(account, told_at))
            elif step_due is None or step_due > now:
                return done
            elif held:
                pinned = replace(account.position, waits_from=now)
                return replace(done, account=replace(account, position=pinned))
            else:
                moved = self.ladder.wait(account.position, now)
                done = self._join(done, self._follow(account, moved, ""))

    def apply(self, account: Account, event: Event, now: datetime, fresh_case: str) -> Progress:
        """One event, after everything that was due. ``fresh_case`` names a case if one opens."""
        now = max(now, account.position.since)
        settled = self.settle(account, now)
        account = settled.account
        outcome = self.ladder.apply(account.position, event, now)
        if outcome.transitions:
            return self._join(settled, self._follow(account, outcome, fresh_case))
        state, case = account.position.state, account.case
        entry = AuditEntry(
            "evidence" if event.on == "evidence" else "decision",
            account.id,
            case.id if case else None,
            now,
            state,
            state,
            event.on,
            event.evidence,
            event.approvals,
        )
        after = replace(account, position=outcome.position)
        return self._join(settled, Progress(after, (entry,)))

    def establish(
        self, account: Account, facts: Facts, criterion: str | None, now: datetime
    ) -> Progress:
        """Facts in place of those before, and the criterion that now excludes the account, if any.

        The ladder does not move: who is not eligible did nothing wrong.
        """
        settled = self.settle(account, now)
        account = settled.account
        state, case = account.position.state, account.case
        entry = AuditEntry(
            "eligibility",
            account.id,
            case.id if case else None,
            max(now, account.position.since),
            state,
            state,
            "facts",
            criterion=criterion,
        )
        return self._join(settled, Progress(replace(account, facts=facts), (entry,)))

    def reset(self, account: Account, now: datetime, real_now: datetime) -> Progress:
        """Back to good standing, clocks unmoved, case closed, nothing established. (Test mode.)"""
        settled = self.settle(account, now)
        account, start = settled.account, self.ladder.start(real_now)
        before, case = account.position, account.case
        fresh = Account(account.id, account.persona, account.held_in, start, real_now)
        entry = AuditEntry(
            "reset",
            account.id,
            case.id if case else None,
            now,
            before.state,
            start.state,
            "reset",
        )
        closed: tuple[Case, ...] = ()
        if case is not None:
            at = max(now, before.since)
            transition = Transition(before.state, start.state, "reset", (), (), at)
            closed = (case.with_transition(transition, None),)
        return self._join(settled, Progress(fresh, (entry,), closed))

    def hold(self, account: Account, now: datetime, fresh_case: str) -> Progress:
        """Bring an account in good standing to ``held_in`` by the shortest run of evidence.

        Raises ``LadderError`` if no such run leads there.
        """
        done = Progress(account)
        for edge in self.ladder.path_by_evidence(account.held_in or self.ladder.initial):
            people = tuple(f"reviewer-{i + 1}" for i in range(edge.approvals))
            event = Event("evidence", ("prompt-structure",), people)
            done = self._join(done, self.apply(done.account, event, now, fresh_case))
        return done

    def _follow(self, account: Account, outcome: Outcome, fresh_case: str) -> Progress:
        """Carry measures, notices, the shown state and the case along with one transition."""
        (transition,) = outcome.transitions
        at, target = transition.at, transition.target
        case = account.case or Case(fresh_case, account.id, at)
        notice = self.notices.of(target, at)
        case = case.with_transition(transition, notice)
        deferred = notice is not None and notice.given_at is None
        told = self.view(account, at) if deferred else None
        shown_as = self.ladder.stages[target].shown_as
        unseen = shown_as == self.view(account, at).state == self.ladder.initial
        closes = target == self.ladder.initial
        if closes:
            while (waiting := case.deferred) is not None:
                case = case.with_given(waiting, at)
        after = replace(
            account,
            position=outcome.position,
            shown_since=account.shown_since if unseen else at,
            measures=measures_after(account.measures, target, at),
            told=told,
            case=None if closes else case,
        )
        entry = AuditEntry(
            "transition",
            account.id,
            case.id,
            at,
            transition.source,
            target,
            transition.on,
            transition.evidence,
            transition.approvals,
        )
        return Progress(after, (entry,), (case,))

    def _give_notice(self, account: Account, at: datetime) -> Progress:
        case = account.case
        notice = case.deferred if case else None
        if case is None or notice is None:
            return Progress(account)
        case = case.with_given(notice, at)
        current = notice.state == account.position.state
        told = None if current else account.told
        entry = AuditEntry("notice", account.id, case.id, at, notice.state, notice.state, "notice")
        return Progress(replace(account, case=case, told=told), (entry,), (case,))

    @staticmethod
    def _join(first: Progress, then: Progress) -> Progress:
        cases = {case.id: case for case in (*first.cases, *then.cases)}
        return Progress(then.account, first.entries + then.entries, tuple(cases.values()))
