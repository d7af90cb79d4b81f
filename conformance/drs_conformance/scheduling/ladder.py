"""The ladder registry as the suite reads it: which changes of state are allowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Edge", "Ladder"]


@dataclass(frozen=True, slots=True)
class Edge:
    """One transition of the registry; ``approvals`` is the least number of different people."""

    source: str
    target: str
    on: str
    approvals: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The state machine of ``registries/ladder.yaml``."""

    ranks: Mapping[str, int]
    shown_as: Mapping[str, str]
    edges: tuple[Edge, ...]
    initial: str

    @classmethod
    def from_registry(cls, registry: Mapping[str, Any]) -> Ladder:
        """Read the registry document (already validated)."""
        return cls(
            ranks={state["id"]: state["rank"] for state in registry["states"]},
            shown_as={state["id"]: state["shown_as"] for state in registry["states"]},
            edges=tuple(
                Edge(edge["from"], edge["to"], edge["on"], edge.get("approvals", 0))
                for edge in registry["transitions"]
            ),
            initial=registry["initial"],
        )

    def allows(self, source: str, target: str, on: str) -> bool:
        """Whether one event of the kind ``on`` may take an account from ``source`` to ``target``.

        How many people must have agreed is another matter.
        """
        return source == target or any(
            (edge.source, edge.target, edge.on) == (source, target, on) for edge in self.edges
        )

    def reachable_by_time(self, source: str) -> frozenset[str]:
        """Return the states that the passing of time alone may lead to, ``source`` included."""
        reached = {source}
        while True:
            further = {e.target for e in self.edges if e.on == "time" and e.source in reached}
            if further <= reached:
                return frozenset(reached)
            reached |= further

    def way_up(self, target: str, states: Collection[str]) -> tuple[Edge, ...] | None:
        """Return the shortest way by evidence from good standing to ``target``, if any."""
        ways: dict[str, tuple[Edge, ...]] = {self.initial: ()}
        frontier = [self.initial]
        while frontier:
            here = frontier.pop(0)
            for edge in self.edges:
                new = edge.target in states and edge.target not in ways
                if edge.source == here and edge.on == "evidence" and new:
                    ways[edge.target] = (*ways[here], edge)
                    frontier.append(edge.target)
        return ways.get(target)
