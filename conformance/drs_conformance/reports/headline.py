"""What a result says in one line, and how its requirements are grouped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "Entry",
    "answer",
    "blocked",
    "headline",
    "in_chapters",
    "registered",
    "tested",
    "with_verdict",
]

Entry = Mapping[str, Any]
_UNDECIDED = ("harness-error", "untestable", "inconclusive")


def answer(result: Mapping[str, Any]) -> str:
    """Return PASS, FAIL or UNDECIDED."""
    return {0: "PASS", 1: "FAIL"}.get(result["exit_code"], "UNDECIDED")


def headline(result: Mapping[str, Any]) -> str:
    """Say in one sentence what was found."""
    entries = tested(result)
    count = result["summary"]["verdicts"]
    total = f"{len(entries)} tested requirements"
    if result["exit_code"] == 0:
        waived = result["summary"]["waived"]
        besides = f"; {waived} {'fails and is' if waived == 1 else 'fail and are'} waived"
        apart = count["not-applicable"]
        apart_text = f", {apart} do not apply" if apart else ""
        return f"{count['pass']} of {total} hold{apart_text}{besides if waived else ''}"
    if result["exit_code"] == 1:
        failing = count["fail"] - result["summary"]["waived"]
        undecided = sum(count[verdict] for verdict in _UNDECIDED)
        besides = f", {undecided} could not be decided" if undecided else ""
        return f"{failing} of {total} {'fails' if failing == 1 else 'fail'}{besides}"
    open_ones = ", ".join(f"{count[verdict]} {verdict}" for verdict in _UNDECIDED if count[verdict])
    waived = result["summary"]["waived"]
    failing = f"{waived} waived, nothing else fails" if waived else "nothing fails"
    return f"{failing}, and not everything could be decided: {open_ones or 'nothing passes'}"


def registered(result: Mapping[str, Any]) -> str | None:
    """Say as which attempt the run was registered and with whom, or None where it was not."""
    registration = result["registration"]
    if registration is None:
        return None
    witness = registration["witness"]
    with_whom = f"with the witness {witness['signature']['kid']}" if witness else "self-asserted"
    return (
        f"as attempt {registration['attempt']} of the register {registration['register']['id']}, "
        f"{with_whom}"
    )


def tested(result: Mapping[str, Any]) -> list[Entry]:
    """Return the requirements that were selected for testing."""
    return [entry for entry in result["requirements"] if entry["outcome"] is not None]


def with_verdict(result: Mapping[str, Any], *verdicts: str) -> list[Entry]:
    """Return the tested requirements with one of ``verdicts`` that nothing else blocked."""
    return [
        entry
        for entry in tested(result)
        if entry["outcome"]["verdict"] in verdicts and entry["outcome"]["blocked_by"] is None
    ]


def blocked(result: Mapping[str, Any], root: str) -> list[str]:
    """Return the identifiers of requirements that could not be tested for want of ``root``."""
    return [e["id"] for e in tested(result) if e["outcome"]["blocked_by"] == root]


def in_chapters(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Group entries by chapter, in the order in which they come."""
    chapters: dict[str, list[Entry]] = {}
    for entry in entries:
        chapters.setdefault(entry["chapter"], []).append(entry)
    return chapters
