"""A case: everything that happened to one account between good standing and good standing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from drs_reference.response.ladder import Transition
from drs_reference.response.notices import Notice
from drs_reference.timestamps import rfc3339


@dataclass(frozen=True, slots=True)
class Case:
    """Transitions and notices oldest first, and the appeals against it."""

    id: str
    account: str
    opened_at: datetime
    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()
    appeals: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """True state of the account as far as this case tells."""
        return self.transitions[-1].target

    @property
    def noticed(self) -> bool:
        """Whether the account has been told of a measure under this case."""
        return any(notice.given_at is not None for notice in self.notices)

    @property
    def deferred(self) -> Notice | None:
        """The notice that still waits, soonest first."""
        waiting = [notice for notice in self.notices if notice.given_at is None]
        return min(waiting, key=lambda notice: notice.due_at, default=None)

    def with_transition(self, transition: Transition, notice: Notice | None) -> Case:
        """The case with one more change of state and the notice that it calls for."""
        notices = self.notices if notice is None else (*self.notices, notice)
        return replace(self, transitions=(*self.transitions, transition), notices=notices)

    def with_given(self, given: Notice, at: datetime) -> Case:
        """The case after a waiting notice was given."""
        notices = tuple(
            replace(notice, given_at=at) if notice is given else notice for notice in self.notices
        )
        return replace(self, notices=notices)


def case_record(case: Case) -> dict[str, Any]:
    """The document that an auditor reads (schema ``case-record``)."""
    return {
        "case": case.id,
        "account": case.account,
        "state": case.state,
        "opened_at": rfc3339(case.opened_at),
        "notices": [
            {
                "state": notice.state,
                "mode": notice.mode,
                "due_at": rfc3339(notice.due_at),
                "given_at": None if notice.given_at is None else rfc3339(notice.given_at),
            }
            for notice in case.notices
        ],
        "transitions": [
            {
                "from": transition.source,
                "to": transition.target,
                "on": transition.on,
                "evidence": list(transition.evidence),
                "approvals": list(transition.approvals),
                "at": rfc3339(transition.at),
            }
            for transition in case.transitions
        ],
        "appeals": list(case.appeals),
    }
