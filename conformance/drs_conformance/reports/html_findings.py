"""What a reader of the page sees first: the answer, then what is wrong, each cause once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from drs_conformance.reports.headline import Entry, headline, tested

__all__ = ["Answer", "Finding", "Step", "answer_of", "credentials", "findings", "steps"]

_CREDENTIAL = re.compile(r'"Authorization: Bearer \$\{([A-Za-z_][A-Za-z0-9_]*)\}"')
_STOPPED = {
    "budget": "it had used up its budget",
    "interrupted": "it was interrupted",
    "target-gone": "the endpoint no longer answered",
    "authorisation-lapsed": "the authorisation had lapsed",
    "cut-off": "it was cut off, and its record has no end",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The first line. ``verdict`` is the verdict whose colour it wears; ``stopped`` says why the
    run ended early, or is None.
    """

    verdict: str
    word: str
    sentence: str
    stopped: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement that does not plainly pass, and those that could not be tested for it.

    ``entry`` is None for a root that was not itself tested; ``root`` is its identifier.
    """

    root: str
    entry: Entry | None
    blocked: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and how many times in a row it is to be given."""

    command: str
    times: int


def answer_of(result: Mapping[str, Any]) -> Answer:
    """Return the answer: nothing is said to conform that a waiver or a narrow choice carries."""
    waived = result["summary"]["waived"]
    are_waived = "fails and is waived" if waived == 1 else "fail and are waived"
    sentence = headline(result)
    if result["exit_code"] == 1:
        verdict, word = "fail", "Does not conform"
        sentence += f"; {waived} more {are_waived}" if waived else ""
    elif result["exit_code"] == 3:
        verdict, word = "inconclusive", "Not decided"
        if waived:
            sentence = f"{_open(result)}; {waived} {are_waived}"
    elif waived:
        verdict, word = "fail", "Does not conform without its waivers"
    elif result["stopped"] or result["selection"]["only"]:
        verdict, word = "inconclusive", "Passes as far as it was tested"
    elif not result["claim"]["supported"]:
        verdict, word = "pass", "Passes as far as it was tested"
    else:
        verdict, word = "pass", "Conforms"
    stopped = result["stopped"]
    return Answer(verdict, word, sentence, None if stopped is None else _STOPPED[stopped])


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


def steps(commands: Sequence[str]) -> list[Step]:
    """Return the commands in order, those that repeat themselves once with their number."""
    return [Step(command, len(list(same))) for command, same in groupby(commands)]


def credentials(commands: Sequence[str]) -> list[str]:
    """Return the names of the environment variables from which commands take credentials."""
    return sorted({name for command in commands for name in _CREDENTIAL.findall(command)})


def _open(result: Mapping[str, Any]) -> str:
    """Say how many requirements have which verdict between pass and fail."""
    counts = result["summary"]["verdicts"]
    verdicts = ("harness-error", "untestable", "inconclusive")
    return ", ".join(f"{counts[v]} {v}" for v in verdicts if counts[v]) or "nothing passes"


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
