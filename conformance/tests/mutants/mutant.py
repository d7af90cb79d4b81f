"""How a mutant is written: the reference endpoint with one part replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from drs_reference.gateway.parts import Parts
from drs_reference.gateway.serve import unaltered, unwrapped
from starlette.types import ASGIApp

Alter = Callable[[Parts], Parts]
Wrap = Callable[[ASGIApp], ASGIApp]
F = TypeVar("F", Alter, Wrap)


@dataclass(frozen=True)
class Mutant:
    """An endpoint that breaks the requirements ``breaks`` and no other."""

    name: str
    breaks: frozenset[str]
    story: str
    alter: Alter = unaltered
    wrap: Wrap = unwrapped


MUTANTS: dict[str, Mutant] = {}


def mutant(*, breaks: list[str], wraps: bool = False) -> Callable[[F], F]:
    """Register a function that replaces parts, or with ``wraps`` one that wraps the application.

    The first line of its docstring says what is wrong.
    """

    def register(function: F) -> F:
        name = function.__name__.replace("_", "-")
        assert name not in MUTANTS, name
        assert function.__doc__, name
        story = function.__doc__.strip().splitlines()[0]
        change: Any = {"wrap": function} if wraps else {"alter": function}
        MUTANTS[name] = Mutant(name, frozenset(breaks), story, **change)
        return function

    return register
