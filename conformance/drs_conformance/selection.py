"""Which requirements a run tests, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from drs_conformance.specification.catalogue import Catalogue, Requirement

__all__ = ["Choice", "Status", "UnknownRequirement", "choose", "in_order"]

Status = Literal["selected", "not-run", "pending", "inspect", "attest"]
LEVELS = ("L1", "L2", "L3")


class UnknownRequirement(Exception):
    """``--only`` or a waiver names what is no requirement verified by test."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One requirement and what the run does about it; ``reason`` says why not, if not."""

    requirement: Requirement
    status: Status
    reason: str | None = None


def choose(
    catalogue: Catalogue, level: str, classes: Collection[str], only: Sequence[str] = ()
) -> tuple[Choice, ...]:
    """Choose by level (cumulative), classes and ``only``, which pulls in prerequisites.

    Raises:
        UnknownRequirement: ``only`` names something that cannot be run.

    """
    for identifier in only:
        _runnable(catalogue, identifier)
    wanted = _with_prerequisites(catalogue, only) if only else None
    return tuple(
        _choice(requirement, level, classes, wanted) for requirement in catalogue.requirements
    )


def _runnable(catalogue: Catalogue, identifier: str) -> None:
    requirement = catalogue.by_id.get(identifier)
    if requirement is None:
        raise UnknownRequirement(
            f"expected the identifier of a requirement such as DCL-01, got {identifier!r}; "
            "`drs catalogue` lists them"
        )
    if requirement.verify != "test":
        raise UnknownRequirement(
            f"{identifier} is verified by {requirement.verify}, not by test; it cannot be run"
        )
    if requirement.excluded:
        raise UnknownRequirement(f"the test of {identifier} is not built yet")


def _with_prerequisites(catalogue: Catalogue, only: Iterable[str]) -> set[str]:
    wanted: set[str] = set()
    frontier = list(only)
    while frontier:
        identifier = frontier.pop()
        if identifier not in wanted:
            wanted.add(identifier)
            frontier.extend(catalogue.by_id[identifier].depends_on)
    return wanted


def _choice(
    requirement: Requirement, level: str, classes: Collection[str], wanted: set[str] | None
) -> Choice:
    if requirement.verify != "test":
        return Choice(requirement, requirement.verify)
    if LEVELS.index(requirement.level) > LEVELS.index(level):
        return Choice(requirement, "not-run", f"asked for at {requirement.level}, this is {level}")
    if not set(requirement.applies_to) & set(classes):
        return Choice(
            requirement, "not-run", f"applies to {', '.join(requirement.applies_to)} only"
        )
    if requirement.excluded:
        return Choice(requirement, "pending", requirement.excluded)
    if wanted is not None and requirement.id not in wanted:
        return Choice(requirement, "not-run", "not selected by --only")
    return Choice(requirement, "selected")


def in_order(choices: Iterable[Choice]) -> list[Requirement]:
    """Return the selected requirements, prerequisites first, else as in the text."""
    selected = {c.requirement.id: c.requirement for c in choices if c.status == "selected"}
    ordered: dict[str, Requirement] = {}

    def place(requirement: Requirement) -> None:
        for prerequisite in requirement.depends_on:
            if prerequisite in selected and prerequisite not in ordered:
                place(selected[prerequisite])
        ordered.setdefault(requirement.id, requirement)

    for requirement in selected.values():
        place(requirement)
    return list(ordered.values())
