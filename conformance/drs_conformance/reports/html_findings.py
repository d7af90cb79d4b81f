"""What a reader of the page sees first: the answer, and how a finding is seen again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from drs_conformance.reports.headline import headline

__all__ = ["Answer", "Step", "answer_of", "credentials", "steps"]

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
