"""How a mutant is written: the reference endpoint with one part replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from drs_reference.exchange.hub.parts import Parts as HubParts
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.serve import unaltered, unwrapped
from starlette.types import ASGIApp

Alter = Callable[[Parts], Parts]
Wrap = Callable[[ASGIApp], ASGIApp]
Graded = Callable[[Parts, float], Parts]
AlterHub = Callable[[HubParts], HubParts]
F = TypeVar("F", Alter, Wrap, Graded, AlterHub)
STRONG = "strong"


@dataclass(frozen=True)
class Mutant:
    """An endpoint that breaks the requirements ``breaks`` and no other.

    Where it can do so more or less, ``strengths`` names how much: weak, middle and strong. A smoke
    run has to find the strong one, a full run the middle one too. A ``rare`` one does so for few
    inputs, and only a full run has to find it; so it is with a ``subtle`` one, which shows in many
    answers together. A ``witnessed`` one passes where no account but test personas is used. A
    ``hub`` is the reference hub, with parts replaced; a ``member`` takes part in a trust group.
    """

    name: str
    breaks: frozenset[str]
    story: str
    alter: Callable[..., Any] = unaltered
    wrap: Wrap = unwrapped
    strengths: Mapping[str, float] = field(default_factory=dict)
    rare: bool = False
    subtle: bool = False
    witnessed: bool = False
    hub: bool = False
    member: bool = False

    def altered(self, strength: str = STRONG) -> Alter:
        """Return what replaces parts, at a strength."""
        if not self.strengths:
            return self.alter
        return lambda parts: self.alter(parts, self.strengths[strength])


MUTANTS: dict[str, Mutant] = {}


def mutant(
    *,
    breaks: list[str],
    wraps: bool = False,
    strengths: Mapping[str, float] | None = None,
    wrap: Wrap = unwrapped,
    rare: bool = False,
    subtle: bool = False,
    witnessed: bool = False,
    hub: bool = False,
    member: bool = False,
) -> Callable[[F], F]:
    """Register a function that replaces parts, or with ``wraps`` one that wraps the application.

    With ``strengths`` the function takes one of them too. ``wrap`` wraps the application as well.
    The first line of its docstring says what is wrong.
    """

    def register(function: F) -> F:
        name = function.__name__.replace("_", "-")
        assert name not in MUTANTS, name
        assert function.__doc__, name
        story = function.__doc__.strip().splitlines()[0]
        change: Any = {"wrap": function} if wraps else {"alter": function, "wrap": wrap}
        MUTANTS[name] = Mutant(
            name,
            frozenset(breaks),
            story,
            strengths=dict(strengths or {}),
            rare=rare,
            subtle=subtle,
            witnessed=witnessed,
            hub=hub,
            member=member,
            **change,
        )
        return function

    return register
