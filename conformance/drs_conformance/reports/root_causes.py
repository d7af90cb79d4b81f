"""What is wrong or missing, each cause once, and which of the causes to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drs_conformance.reports.first_steps import FIRST_STEPS, FirstStep
from drs_conformance.reports.headline import Entry, tested

__all__ = ["CAUSES_SHOWN", "Cause", "Finding", "causes", "findings", "reading"]

CAUSES_SHOWN = 5
"""Causes that the first page of a report names at the most."""
_UNDECIDED = ("harness-error", "untestable", "inconclusive")


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement that does not plainly pass, and those that could not be tested for it.

    ``entry`` is None for a root that was not itself tested; ``root`` is its identifier.
    """

    root: str
    entry: Entry | None
    blocked: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong or missing: whom it concerns itself, and whom it blocks.

    ``concerned`` are findings that say the same in the same words, in the order of the text.
    """

    concerned: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that stands for all."""
        return self.concerned[0]

    @property
    def alike(self) -> tuple[Entry, ...]:
        """The requirements that show it."""
        return tuple(finding.entry for finding in self.concerned if finding.entry is not None)

    @property
    def blocked(self) -> tuple[Entry, ...]:
        """The requirements that could not be tested because these do not hold."""
        return tuple(entry for finding in self.concerned for entry in finding.blocked)

    @property
    def reach(self) -> int:
        """How many requirements are undone with it."""
        return len(self.alike) + len(self.blocked)

    @property
    def heading(self) -> str:
        """What is wrong or missing, in a few words."""
        entry = self.first.entry
        if entry is None:
            return self.first.root
        summary: str = entry["outcome"]["summary"]
        if len(self.concerned) > 1:
            return summary[:1].upper() + summary[1:]
        return f"{entry['id']} {entry['title']}"

    @property
    def found(self) -> str:
        """The verdict and what led to it; how many requirements are undone with it."""
        blocked, entry = len(self.blocked), self.first.entry
        rest = f"that {'rests' if blocked == 1 else 'rest'} on it could not be tested"
        if len(self.concerned) > 1:
            untested = f"{len(self.alike)} requirements could not be tested"
            return f"{untested}, nor {blocked} more on top of them" if blocked else untested
        if entry is None:
            return f"{blocked} {rest}"
        said = f"{entry['outcome']['verdict']}: {entry['outcome']['summary']}"
        return f"{said}; {blocked} more {rest}" if blocked else said

    @property
    def step(self) -> FirstStep:
        """What to do first."""
        entry, root = self.first.entry, self.first.root
        if entry is None:
            return FirstStep(f"Look at {root} first.")
        if len(self.concerned) > 1:
            return FirstStep(entry["outcome"]["cause"] or entry["outcome"]["summary"])
        return FIRST_STEPS.get(root, FirstStep(entry["sentence"]))


def findings(result: Mapping[str, Any], *verdicts: str) -> list[Finding]:
    """Return the findings with one of ``verdicts``, in the order given.

    A requirement that another blocked stands below the root of its chain. Where that root was not
    tested at all, or plainly passed, it still heads a finding of the dependants' own verdict.
    """
    entries = {entry["id"]: entry for entry in tested(result)}
    dependants: dict[str, list[Entry]] = {}
    for entry in entries.values():
        if _is_blocked(entry):
            dependants.setdefault(_root(entry, entries), []).append(entry)
    found = []
    for verdict in verdicts:
        for entry in entries.values():
            if entry["outcome"]["verdict"] == verdict and not _is_blocked(entry):
                found.append(Finding(entry["id"], entry, tuple(dependants.pop(entry["id"], ()))))
        for root, blocked in dependants.items():
            headed = root in entries and _heads(entries[root])
            if verdict == "untestable" and not headed:
                found.append(Finding(root, None, tuple(blocked)))
    return found


def reading(cause: Cause, version: str) -> list[str]:
    """Return where it says more, as paths below the root of the standard and a command."""
    kind = cause.step.schema
    alone = cause.alike if len(cause.concerned) == 1 else ()
    where = [f"{entry['file']}:{entry['line']}" for entry in alone]
    if kind is not None:
        where += [
            f"schemas/{version}/{kind}.schema.json",
            f"schemas/{version}/examples/valid/{kind}/",
            f"drs validate {kind} FILE",
        ]
    return where


def causes(result: Mapping[str, Any]) -> list[Cause]:
    """Return what to do about a result, what undoes most requirements first.

    What could not be decided for the same reason is one cause; each failure is one of its own.
    A waived failure is left out unless it blocks others.
    """
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings(result, "fail", *_UNDECIDED):
        entry = finding.entry
        if entry is not None and entry["waived"] is not None and not finding.blocked:
            continue
        outcome = entry["outcome"] if entry is not None else None
        same = outcome is not None and outcome["verdict"] in _UNDECIDED
        key = ("reason", outcome["summary"]) if same and outcome else ("root", finding.root)
        alike.setdefault(key, []).append(finding)
    found = [Cause(tuple(concerned)) for concerned in alike.values()]
    return sorted(found, key=lambda cause: -cause.reach)


def _is_blocked(entry: Entry) -> bool:
    outcome = entry["outcome"]
    return outcome["verdict"] == "untestable" and outcome["blocked_by"] is not None


def _heads(entry: Entry) -> bool:
    verdict = entry["outcome"]["verdict"]
    return verdict not in ("pass", "not-applicable") and not _is_blocked(entry)


def _root(entry: Entry, entries: Mapping[str, Entry]) -> str:
    """Follow ``blocked_by`` to where it ends; a circle ends where it would close."""
    seen = {entry["id"]}
    root: str = entry["outcome"]["blocked_by"]
    while root in entries and _is_blocked(entries[root]) and root not in seen:
        seen.add(root)
        root = entries[root]["outcome"]["blocked_by"]
    return root
