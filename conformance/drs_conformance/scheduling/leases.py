"""Leases on test personas: the only code that resets, advances or flags one, or states facts.

A check asks for a fresh persona, gets one in good standing that nobody else uses, and gives it
back when the check ends. Where the provider has no test mode each fresh persona is used once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drs_conformance.ledger import Exchange, MalformedBody
from drs_conformance.scheduling.ladder import Edge, Ladder
from drs_conformance.specification.schemas import SchemaSet
from drs_conformance.verdicts import Untestable

__all__ = ["Fresh", "PersonaFault", "Pool", "Step"]

# A provider may ask for more than one piece of evidence before it takes a step.
_FLAGS_PER_STEP = 8
_CLIMBS_MAX = 3

Send = Callable[[str, str, str, Mapping[str, Any] | None], Exchange]
"""``send(method, path, persona, document)``, in the lane of whoever holds the lease."""


class PersonaFault(Untestable):
    """An operation of the test mode did not do what the standard says it does."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the test mode: the exchange, and the true state that it reported."""

    exchange: Exchange
    state: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Identifier of the exchange."""
        return self.exchange.id

    @property
    def standing(self) -> str:
        """True state of the ladder after the step."""
        return str(self.state["state"])


@dataclass(frozen=True, slots=True)
class Fresh:
    """A leased persona. Operations raise :class:`PersonaFault` when they do not work."""

    name: str
    root: str
    ladder: Ladder
    states: frozenset[str]
    schemas: SchemaSet
    send: Send

    def truth(self) -> Step:
        """Read the true state."""
        return self._operate("GET", "", None)

    def reset(self) -> Step:
        """Put the persona back into good standing."""
        return self._operate("POST", "/reset", None)

    def advance(self, seconds: int) -> Step:
        """Move the clocks of the persona by ``seconds``."""
        return self._operate("POST", "/advance", {"seconds": seconds})

    def flag(
        self,
        kinds: Sequence[str] = ("prompt-structure",),
        approvals: Sequence[str] = (),
        on: str = "evidence",
    ) -> Step:
        """Let evidence of ``kinds`` arrive, with the agreement of ``approvals``."""
        return self._operate(
            "POST",
            "/flag",
            {
                "on": on,
                "evidence": [{"kind": kind} for kind in kinds],
                "approvals": list(approvals),
            },
        )

    def establish(self, facts: Mapping[str, Any]) -> Step:
        """Let ``facts`` (schema ``eligibility-facts``), and no others, be established of it."""
        return self._operate("POST", "/eligibility", facts)

    def raise_to(self, state: str, kinds: Sequence[str] = ("prompt-structure",)) -> list[Step]:
        """Bring the persona up the ladder to ``state``; return the steps that it took.

        Where an answer was lost, so that a step may have been taken twice and the persona is past
        its goal, it begins again from good standing.
        """
        way = self.ladder.way_up(state, self.states)
        if way is None:
            raise Untestable(f"the declared ladder has no way up to the state {state}")
        steps, missed = self._climb(way, kinds)
        for _ in range(_CLIMBS_MAX - 1):
            if missed is None or not any(step.exchange.earlier for step in steps):
                break
            self.reset()
            steps, missed = self._climb(way, kinds)
        if missed is not None:
            raise Untestable(
                f"the persona {self.name} could not be brought to {state}: after evidence in the "
                f"state {missed.source} it is in {steps[-1].standing}, not {missed.target}",
                *steps,
            )
        return steps

    def _climb(self, way: Sequence[Edge], kinds: Sequence[str]) -> tuple[list[Step], Edge | None]:
        """Return the steps of a way up, and the edge that led elsewhere, if one did."""
        steps: list[Step] = []
        for edge in way:
            people = [f"approver-{number}" for number in range(1, edge.approvals + 1)]
            for _ in range(_FLAGS_PER_STEP):
                steps.append(self.flag(kinds, people))
                if steps[-1].standing != edge.source:
                    break
            if steps[-1].standing != edge.target:
                return steps, edge
        return steps, None

    def _operate(self, method: str, operation: str, document: Mapping[str, Any] | None) -> Step:
        path = f"{self.root}/personas/{self.name}{operation}"
        exchange = self.send(method, path, "auditor", document)
        what = f"{method} {path}"
        if exchange.status != 200:
            raise PersonaFault(f"{what} answered {exchange.status}, expected 200", exchange)
        try:
            state = exchange.json()
        except MalformedBody as error:
            raise PersonaFault(f"{what}: {error}", exchange) from error
        faults = self.schemas.problems("persona-state", state)
        if faults or not isinstance(state, Mapping):
            raise PersonaFault(f"{what}: not a persona-state: {faults[0]}", exchange)
        return Step(exchange, state)


@dataclass(slots=True)
class Pool:
    """The fresh personas of a target and which of them are in use."""

    names: Sequence[str]
    test_root: str | None
    ladder: Ladder
    states: frozenset[str]
    schemas: SchemaSet
    held: set[str] = field(default_factory=set)

    def lease(self, send: Send, count: int = 1) -> list[Fresh]:
        """Hand out personas in good standing; :meth:`give_back` returns them."""
        # Without a test mode no number of personas would do, so that is said first.
        self._require_test_mode()
        free = [self.persona(name, send) for name in self.names if name not in self.held]
        if not self.names:
            raise Untestable(
                "the target file has no credential for a persona fresh-1, fresh-2, ...",
                cause="Open test accounts that the test mode can reset, and name them in the "
                "target file; eight are enough for every check.",
            )
        if len(free) < count:
            raise Untestable(
                f"{count} fresh personas are needed at once (fresh-1, fresh-2, ...), the target "
                f"file names {len(self.names)}, of which {len(free)} are free"
            )
        for fresh in free[:count]:
            fresh.reset()
            self.held.add(fresh.name)
        return free[:count]

    def persona(self, name: str, send: Send) -> Fresh:
        """Return the operations of a persona that nobody leases, such as ``control``."""
        return Fresh(name, self._require_test_mode(), self.ladder, self.states, self.schemas, send)

    def _require_test_mode(self) -> str:
        if self.test_root is None:
            raise Untestable(
                "the provider declares no test mode, so no persona can be brought into a state",
                cause="Serve the test mode (chapter Conformance), with which an auditor resets and "
                "moves test personas, and name its root in `control_plane.test`.",
            )
        return self.test_root

    def give_back(self, names: Iterable[str]) -> None:
        """Return personas to the pool."""
        self.held.difference_update(names)
