"""The graduated-response ladder as a state machine, read from the ladder registry.

Pure: a position, an event and a moment give the next position. Time edges are taken lazily, at the
moment they fell due, whenever somebody looks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any


class LadderError(Exception):
    """The registry and the declared waiting times do not make a ladder; the message says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One state of the ladder; ``rank`` rises with severity."""

    id: str
    rank: int
    shown_as: str


@dataclass(frozen=True, slots=True)
class Edge:
    """One allowed transition; time edges wait for ``after`` (quiet or review)."""

    id: str
    source: str
    target: str
    on: str
    approvals: int = 0
    after: str | None = None
    wait: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Position:
    """Where an account stands: since when, and from when its waiting time runs."""

    state: str
    since: datetime
    waits_from: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """New evidence (its kinds) or an upheld appeal, and the people who agreed."""

    on: str
    evidence: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state with what it rested on."""

    source: str
    target: str
    on: str
    evidence: tuple[str, ...]
    approvals: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """Position after an event or a wait, and the transitions on the way, oldest first."""

    position: Position
    transitions: tuple[Transition, ...] = ()


def different_people(approvals: Iterable[str]) -> tuple[str, ...]:
    """One pseudonym for each person; case, width and outer blanks make no new person."""
    people: dict[str, str] = {}
    for name in approvals:
        people.setdefault(unicodedata.normalize("NFKC", name).strip().casefold(), name)
    return tuple(name for folded, name in people.items() if folded)


class Ladder:
    """The edges between the states in use."""

    def __init__(self, initial: str, stages: Iterable[Stage], edges: Iterable[Edge]) -> None:
        self.initial = initial
        self.stages = {stage.id: stage for stage in stages}
        self.edges = tuple(edges)

    @classmethod
    def from_registry(
        cls,
        registry: Mapping[str, Any],
        *,
        states: Iterable[str],
        quiet_s: Mapping[str, int],
        suspension_review_s: int,
    ) -> Ladder:
        """The ladder of a registry, cut down to ``states``; waiting times in seconds.

        Raises ``LadderError`` for an unknown state or a state that steps down after a quiet time
        which is not declared.
        """
        used = set(states)
        stages = [Stage(s["id"], s["rank"], s["shown_as"]) for s in registry["states"]]
        unknown = used - {stage.id for stage in stages}
        if unknown or registry["initial"] not in used:
            raise LadderError(
                f"the states in use must be states of the registry and include "
                f"{registry['initial']}; got {', '.join(sorted(used))}"
            )
        edges = []
        for entry in registry["transitions"]:
            source, target, after = entry["from"], entry["to"], entry.get("after")
            if not {source, target} <= used:
                continue
            if after == "quiet" and source not in quiet_s:
                raise LadderError(f"quiet_s must name a waiting time for {source}")
            seconds = {"review": suspension_review_s, "quiet": quiet_s.get(source, 0)}.get(after, 0)
            wait = timedelta(seconds=seconds)
            approvals = entry.get("approvals", 0)
            edges.append(Edge(entry["id"], source, target, entry["on"], approvals, after, wait))
        return cls(registry["initial"], [s for s in stages if s.id in used], edges)

    def start(self, now: datetime) -> Position:
        """The initial position."""
        return Position(self.initial, now, now)

    def time_edge(self, state: str) -> Edge | None:
        """The edge that ``state`` leaves by itself, if any; of several, the soonest."""
        waiting = [edge for edge in self.edges if edge.source == state and edge.on == "time"]
        return min(waiting, key=lambda edge: edge.wait, default=None)

    def due_at(self, position: Position) -> datetime | None:
        """When the position changes by itself if nothing happens, or None."""
        edge = self.time_edge(position.state)
        return None if edge is None else position.waits_from + edge.wait

    def event_edge(self, state: str, event: Event) -> Edge | None:
        """The edge that an event takes: of those it fulfils, the one with the most approvals."""
        people = len(different_people(event.approvals))
        fulfilled = [
            edge
            for edge in self.edges
            if edge.source == state and edge.on == event.on and edge.approvals <= people
        ]
        return max(fulfilled, key=lambda edge: edge.approvals, default=None)

    def path_by_evidence(self, state: str) -> tuple[Edge, ...]:
        """The shortest run of evidence edges from the initial state to ``state``.

        Raises ``LadderError`` if there is none.
        """
        paths: dict[str, tuple[Edge, ...]] = {self.initial: ()}
        frontier = [self.initial]
        while frontier and state not in paths:
            source = frontier.pop(0)
            for edge in self.edges:
                if edge.source == source and edge.on == "evidence" and edge.target not in paths:
                    paths[edge.target] = (*paths[source], edge)
                    frontier.append(edge.target)
        if state not in paths:
            raise LadderError(f"no run of evidence leads from {self.initial} to {state}")
        return paths[state]

    def wait(self, position: Position, now: datetime) -> Outcome:
        """The one time edge that is due at ``now``, taken at the moment it fell due, if any."""
        edge, due = self.time_edge(position.state), self.due_at(position)
        if edge is None or due is None or due > now:
            return Outcome(position)
        return self._move(edge, (), (), due)

    def elapse(self, position: Position, now: datetime) -> Outcome:
        """Every time edge that is due at ``now``, in turn."""
        taken: list[Transition] = []
        while (step := self.wait(position, now)).transitions:
            position = step.position
            taken += step.transitions
        return Outcome(position, tuple(taken))

    def apply(self, position: Position, event: Event, now: datetime) -> Outcome:
        """First what is due, then the event: at most one transition of its own.

        Evidence that moves nothing restarts the quiet time. A clock that ran backwards is read as
        the moment of the last change.
        """
        now = max(now, position.since)
        elapsed = self.elapse(position, now)
        position = elapsed.position
        edge = self.event_edge(position.state, event)
        if edge is not None:
            people = different_people(event.approvals)
            moved = self._move(edge, event.evidence, people, now)
            return Outcome(moved.position, (*elapsed.transitions, *moved.transitions))
        if event.on == "evidence" and self.restarts_quiet(position.state):
            position = replace(position, waits_from=max(now, position.waits_from))
        return Outcome(position, elapsed.transitions)

    def restarts_quiet(self, state: str) -> bool:
        """Whether new evidence prolongs ``state``; it never puts off a review."""
        edge = self.time_edge(state)
        return edge is not None and edge.after == "quiet"

    @staticmethod
    def _move(
        edge: Edge, evidence: tuple[str, ...], approvals: tuple[str, ...], at: datetime
    ) -> Outcome:
        transition = Transition(edge.source, edge.target, edge.on, evidence, approvals, at)
        return Outcome(Position(edge.target, at, at), (transition,))
