"""The result on a terminal: one line first, then a verdict a requirement, then the causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from drs_conformance.reports.headline import (
    Entry,
    answer,
    headline,
    in_chapters,
    registered,
    tested,
    with_verdict,
)
from drs_conformance.reports.plain_text import commands_shown, one_line
from drs_conformance.reports.root_causes import CAUSES_SHOWN, causes, reading

__all__ = ["print_requirement", "print_result"]

_STYLES = {
    "pass": "green",
    "fail": "bold red",
    "harness-error": "bold magenta",
    "untestable": "yellow",
    "inconclusive": "yellow",
    "not-applicable": "dim",
    "waived": "red",
}
_SYMBOLS = {
    "pass": "\u2713",
    "fail": "\u2717",
    "harness-error": "!",
    "untestable": "?",
    "inconclusive": "~",
    "not-applicable": "-",
    "waived": "\u2717",
}
# For an output that cannot show the symbols above; the word beside them says the same.
_PLAIN_SYMBOLS = {"\u2713": "+", "\u2717": "x"}
_NOTE = 200
_ANSWER_STYLES = {"PASS": "bold green", "FAIL": "bold red", "UNDECIDED": "bold yellow"}


def print_result(
    result: Mapping[str, Any],
    console: Console,
    folder: Path | None,
    seconds: float | None,
    *,
    brief: bool = False,
) -> None:
    """Print a document of the schema ``result``; with ``brief`` its first line only."""
    found = answer(result)
    first = Text.assemble((found, _ANSWER_STYLES[found]), "  ", one_line(headline(result)))
    _print(console, first)
    if brief:
        return
    target = result["target"]
    about = (
        f"{target['name']} at {target['root']}, standard {result['drs_version']}, level "
        f"{result['selection']['level']}, profile {result['profile']}"
    )
    _hanging(console, Text(), Text(one_line(about), "dim"))
    width = max(map(len, map(_label, tested(result))), default=0)
    for chapter, entries in in_chapters(tested(result)).items():
        console.print()
        _print(console, Text(one_line(chapter), "bold"))
        for root, alike in groupby(entries, _root):
            if root is None:
                for entry in alike:
                    _row(entry, console, width)
            else:
                _blocked_row(root, list(alike), console, width)
    told: set[str] = set()
    same = {entry["id"]: cause.alike for cause in causes(result) for entry in cause.alike}
    for entry in with_verdict(result, "fail", "harness-error", "untestable", "inconclusive"):
        if entry["id"] in told:
            continue
        console.print()
        print_requirement(entry, console)
        others = [other["id"] for other in same.get(entry["id"], ()) if other is not entry]
        if others:
            _indented(console, f"the same holds for {', '.join(others)}", "dim")
        told.update(others)
    _begin(result, console)
    console.print()
    for line in _closing(result, seconds):
        _hanging(console, Text(), Text(one_line(line)))
    if folder is not None:
        report = Text(one_line(f"Report: {folder / 'report.html'}"))
        _print(console, report)
    _hanging(console, Text(), Text(f"Exit code {result['exit_code']}: {_meaning(result)}."))


def print_requirement(entry: Entry, console: Console) -> None:
    """Print one requirement with cause and the commands that reproduce it."""
    outcome = entry["outcome"]
    name = one_line(f"{entry['id']} {entry['title']}")
    if outcome is None:
        _print(console, Text(f"{name}: {entry['status']}"))
        return
    label = _label(entry)
    mark = (f"{_SYMBOLS[label]} {label}", _STYLES[label])
    _print(console, Text.assemble(mark, "  ", (name, "bold")))
    _indented(console, entry["sentence"], "dim")
    _indented(console, outcome["summary"])
    for line in filter(None, (outcome["cause"], outcome["excludes"])):
        _indented(console, line)
    if entry["waived"] is not None:
        waived = entry["waived"]
        _indented(console, f"waived until {waived['expires']}: {waived['reason']}")
    if outcome["evidence"]:
        _indented(console, f"evidence: {', '.join(outcome['evidence'])}", "dim")
    if outcome["reproduce"]:
        _indented(console, "reproduce with:", "dim")
        for command in commands_shown(outcome["reproduce"]):
            _print(console, Text(f"    {command}"))


def _row(entry: Entry, console: Console, width: int) -> None:
    """Print verdict, identifier and title on a line; labels take ``width`` characters."""
    label = _label(entry)
    outcome = entry["outcome"]
    note = entry["title"]
    if outcome["verdict"] not in ("pass", "fail"):
        note += f" ({one_line(outcome['summary'], _NOTE)})"
    mark = f"{_SYMBOLS[label]} {label:<{width}}"
    start = Text.assemble("  ", (mark, _STYLES[label]), f"  {entry['id']}  ")
    _hanging(console, start, Text(one_line(note)))


def _root(entry: Entry) -> str | None:
    blocked_by: str | None = entry["outcome"]["blocked_by"]
    return blocked_by


def _blocked_row(root: str, entries: Sequence[Entry], console: Console, width: int) -> None:
    """Print requirements that the same one blocks on a line of their own."""
    mark = (f"{_SYMBOLS['untestable']} {'untestable':<{width}}", _STYLES["untestable"])
    names = ", ".join(entry["id"] for entry in entries)
    _hanging(console, Text.assemble("  ", mark, "  "), Text(f"{names} (blocked by {root})"))


def _begin(result: Mapping[str, Any], console: Console) -> None:
    """Print what to do first, and what holds already."""
    found = causes(result)
    if not found:
        return
    console.print()
    _print(console, Text("Where to begin", "bold"))
    for number, cause in enumerate(found[:CAUSES_SHOWN], 1):
        _hanging(console, Text(f"{number:>3}. "), Text(one_line(cause.heading, _NOTE), "bold"))
        _hanging(console, Text("     "), Text(one_line(f"{cause.found}.", _NOTE)))
        _hanging(console, Text("     "), Text(one_line(cause.step.text)))
        for place in reading(cause, result["drs_version"]):
            _hanging(console, Text("       "), Text(one_line(place), "dim"))
    if len(found) > CAUSES_SHOWN:
        _print(console, Text(f"     Further causes above: {len(found) - CAUSES_SHOWN}."))
    holding = [entry["id"] for entry in with_verdict(result, "pass")]
    held = f"Holds already: {', '.join(holding) or 'nothing could be shown to hold'}."
    _hanging(console, Text(), Text(held))


def _label(entry: Entry) -> str:
    return "waived" if entry["waived"] is not None else str(entry["outcome"]["verdict"])


def _closing(result: Mapping[str, Any], seconds: float | None) -> list[str]:
    spent, budget, summary = result["spent"], result["budget"], result["summary"]
    took = "" if seconds is None else f" in {seconds:.1f} s"
    lines = [
        f"{spent['requests']} of {budget['max_requests']} requests{took}, seed {result['seed']}.",
        f"Not tested: {summary['pending']} whose test is not built yet, {summary['inspect']} for "
        f"inspection, {summary['attest']} for attestation, {summary['not_run']} not selected.",
    ]
    needless = result.get("needless_waivers", ())
    if needless:
        lines.append(f"Waived without need, for nothing fails there: {', '.join(needless)}.")
    if result["stopped"] is not None:
        lines.append(f"The run ended early: {result['stopped']}.")
    registration = registered(result)
    if registration is not None:
        lines.append(f"Registered {registration}.")
    lines += result["assurance"]["limitations"]
    if result["claim"]["doubts"]:
        lines.append(f"Supports no claim: {'; '.join(result['claim']['doubts'])}.")
    return lines


def _meaning(result: Mapping[str, Any]) -> str:
    """Say in words what the exit code means for this result."""
    waived = result["summary"]["waived"]
    if result["exit_code"] == 0:
        meaning = "every requirement that was tested and applies passes"
        return f"{meaning} or is a waived failure" if waived else meaning
    if result["exit_code"] == 1:
        return "at least one requirement fails"
    nothing = "nothing fails that is not waived" if waived else "nothing fails"
    passes = result["summary"]["verdicts"]["pass"]
    return f"{nothing}, and {'something could not be decided' if passes else 'nothing passes'}"


def _indented(console: Console, text: str, style: str = "") -> None:
    _hanging(console, Text("    "), Text(one_line(text), style))


def _hanging(console: Console, start: Text, text: Text) -> None:
    """Print ``text`` behind ``start``, the lines that follow as far in as the first."""
    room = max(console.width - start.cell_len, 1)
    for line in text.wrap(console, room) or [Text()]:
        line.rstrip()
        _print(console, Text.assemble(start, line))
        start = Text(" " * start.cell_len)


def _print(console: Console, text: Text) -> None:
    """Print ``text`` as one line, however long: where it breaks is left to the terminal."""
    _encodable(text, console)
    console.print(text, soft_wrap=True)


def _encodable(text: Text, console: Console) -> None:
    """Replace what the encoding of the output lacks: a report must not end in an exception."""
    shown = []
    for character in text.plain:
        try:
            character.encode(console.encoding)
        except UnicodeEncodeError:
            spelt = character.encode("ascii", "backslashreplace").decode()
            character = _PLAIN_SYMBOLS.get(character, spelt)
        shown.append(character)
    text.plain = "".join(shown)
