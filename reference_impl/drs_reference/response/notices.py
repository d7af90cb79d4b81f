"""When an account is told of a measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Notice:
    """That a state is told: at once or deferred, when it falls due, when it was given."""

    state: str
    mode: str
    due_at: datetime
    given_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """Every measure is told at once, but a covert perturbation up to ``covert_delay`` later."""

    covert_delay: timedelta
    covert_states: frozenset[str] = frozenset({"perturbed"})
    silent_states: frozenset[str] = frozenset({"standing", "observed"})

    def of(self, state: str, at: datetime) -> Notice | None:
        """The notice that entering ``state`` calls for; None for states that are no measure."""
        if state in self.silent_states:
            return None
        if state in self.covert_states:
            return Notice(state, "deferred", at + self.covert_delay, None)
        return Notice(state, "immediate", at, at)

    def due_at(self, waiting: Notice, now: datetime) -> datetime:
        """When a deferred notice falls due; by ``now`` if its state is not covert any more."""
        return waiting.due_at if waiting.state in self.covert_states else min(waiting.due_at, now)
