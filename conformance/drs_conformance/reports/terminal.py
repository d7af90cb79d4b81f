"""The result on a terminal: one line first, then a verdict a requirement, then the causes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from drs_conformance.reports.headline import (
    Entry,
    answer,
    blocked,
    headline,
    in_chapters,
    tested,
    with_verdict,
)
from drs_conformance.reports.plain_text import one_line, visible

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
_MEANING = {
    0: "every applicable requirement passes",
    1: "at least one requirement fails",
    3: "nothing fails, and something could not be decided",
}
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
    _print(console, Text.assemble((found, _ANSWER_STYLES[found]), "  ", headline(result)))
    if brief:
        return
    target = result["target"]
    about = (
        f"{target['name']} at {target['root']}, standard {result['drs_version']}, level "
        f"{result['selection']['level']}, profile {result['profile']}"
    )
    _print(console, Text(one_line(about), "dim"))
    for chapter, entries in in_chapters(tested(result)).items():
        console.print()
        _print(console, Text(chapter, "bold"))
        console.print(_table(entries))
    for entry in with_verdict(result, "fail", "harness-error", "untestable", "inconclusive"):
        console.print()
        print_requirement(entry, console)
        waiting = blocked(result, entry["id"])
        if waiting:
            _indented(console, f"blocked by this: {', '.join(waiting)}", "dim")
    console.print()
    for line in _closing(result, folder, seconds):
        _print(console, Text(line))


def print_requirement(entry: Entry, console: Console) -> None:
    """Print one requirement with cause and the commands that reproduce it."""
    outcome = entry["outcome"]
    if outcome is None:
        _print(console, Text(f"{entry['id']} {entry['title']}: {entry['status']}"))
        return
    label = _label(entry)
    title = f"  {entry['id']} {entry['title']}"
    _print(console, Text.assemble((f"{_SYMBOLS[label]} {label}", _STYLES[label]), (title, "bold")))
    _indented(console, one_line(entry["sentence"]), "dim")
    _indented(console, one_line(outcome["summary"]))
    for line in filter(None, (outcome["cause"], outcome["excludes"])):
        _indented(console, one_line(line))
    if entry["waived"] is not None:
        waived = entry["waived"]
        _indented(console, one_line(f"waived until {waived['expires']}: {waived['reason']}"))
    if outcome["evidence"]:
        _indented(console, f"evidence: {', '.join(outcome['evidence'])}", "dim")
    if outcome["reproduce"]:
        _indented(console, "reproduce with:", "dim")
        for command in outcome["reproduce"]:
            # Commands are printed as they are, so that they can be copied over line breaks.
            print(f"    {visible(command, 8000)}", file=console.file)


def _table(entries: list[Entry]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
    for entry in entries:
        label = _label(entry)
        outcome = entry["outcome"]
        note = entry["title"]
        if outcome["verdict"] not in ("pass", "fail"):
            note += f" ({one_line(outcome['summary'], 200)})"
        table.add_row(
            Text(f"  {_SYMBOLS[label]} {label}", _STYLES[label]), Text(entry["id"]), Text(note)
        )
    return table


def _label(entry: Entry) -> str:
    return "waived" if entry["waived"] is not None else str(entry["outcome"]["verdict"])


def _closing(result: Mapping[str, Any], folder: Path | None, seconds: float | None) -> list[str]:
    spent, budget, summary = result["spent"], result["budget"], result["summary"]
    took = "" if seconds is None else f" in {seconds:.1f} s"
    lines = [
        f"{spent['requests']} of {budget['max_requests']} requests{took}, seed {result['seed']}.",
        f"Not tested: {summary['pending']} whose test is not built yet, {summary['inspect']} for "
        f"inspection, {summary['attest']} for attestation, {summary['not_run']} not selected.",
    ]
    lines += [one_line(text) for text in result["assurance"]["limitations"]]
    if result["claim"]["doubts"]:
        lines.append(f"Supports no claim: {'; '.join(result['claim']['doubts'])}.")
    if folder is not None:
        lines.append(f"Report: {folder / 'report.html'}")
    lines.append(f"Exit code {result['exit_code']}: {_MEANING[result['exit_code']]}.")
    return lines


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=False)


def _indented(console: Console, text: str, style: str = "") -> None:
    console.print(Padding(Text(text, style), (0, 0, 0, 4)))
