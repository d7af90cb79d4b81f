"""A summary in Markdown, for the page of a CI job."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from drs_conformance.reports.headline import (
    Entry,
    answer,
    blocked,
    headline,
    registered,
    with_verdict,
)
from drs_conformance.reports.plain_text import LONGEST, commands_shown, one_line
from drs_conformance.reports.root_causes import CAUSES_SHOWN, causes, reading
from drs_conformance.verdicts import SEVERITY

__all__ = ["MOST_BYTES", "markdown_text", "render_markdown"]

MOST_BYTES = 1_000_000
"""Bytes of a summary at the most; GitHub shows none above 1024 KiB."""
_SHORT = 200

# What marks up inside a line, and what forges turn into a link or a formula without any mark.
_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#+!|~&@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
# What opens a list or a rule at the beginning of a line.
_OPENING = re.compile(r"^([0-9]*)([-=.])")


def render_markdown(result: Mapping[str, Any]) -> str:
    """Return the summary: the answer, the counts, failures with their causes and commands."""
    target, spent, budget = result["target"], result["spent"], result["budget"]
    lines = [
        f"# {answer(result)}: {markdown_text(headline(result))}",
        "",
        f"{markdown_text(target['name'])}, standard {result['drs_version']}, level "
        f"{result['selection']['level']}, profile {result['profile']}; {spent['requests']} of "
        f"{budget['max_requests']} requests, {spent['cost_usd']:.2f} of "
        f"{budget['max_cost_usd']:.2f} USD.",
        "",
        *_begin(result),
        "| verdict | requirements |",
        "| --- | --- |",
        *(f"| {name} | {result['summary']['verdicts'][name]} |" for name in SEVERITY),
        f"| waived failures | {result['summary']['waived']} |",
        f"| pending | {result['summary']['pending']} |",
        f"| inspected or attested | {result['summary']['inspect'] + result['summary']['attest']} |",
        f"| not run | {result['summary']['not_run']} |",
    ]
    groups = {
        "Failures": with_verdict(result, "fail"),
        "Undecided": with_verdict(result, "harness-error", "untestable", "inconclusive"),
    }
    for title, entries in groups.items():
        if entries:
            lines += ["", f"## {title}", "", "| requirement | found | test again |"]
            lines += ["| --- | --- | --- |", *(_row(result, entry) for entry in entries)]
    told = [entry for entries in groups.values() for entry in entries]
    lines += ["", "## Details"] if told else []
    closing = ["", *_closing(result)]
    room = MOST_BYTES - _size(lines) - _size(closing)
    left = []
    for entry in told:
        details = _entry(result, entry)
        if _size(details) <= room:
            lines += details
            room -= _size(details)
        else:
            left.append(entry["id"])
    if left:
        lines += ["", f"Too long for this page, see the report: {', '.join(left)}."]
    return "\n".join([*lines, *closing]) + "\n"


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _row(result: Mapping[str, Any], entry: Entry) -> str:
    waived = "; waived" if entry["waived"] is not None else ""
    waiting = len(blocked(result, entry["id"]))
    further = f"; {waiting} more cannot be tested for want of it" if waiting else ""
    found = f"{markdown_text(entry['outcome']['summary'], _SHORT)}{waived}{further}"
    again = f"`drs run --target FILE --only {entry['id']} --seed {result['seed']}`"
    return f"| {entry['id']} {markdown_text(entry['title'])} | {found} | {again} |"


def _closing(result: Mapping[str, Any]) -> list[str]:
    lines = []
    needless = result.get("needless_waivers", ())
    if needless:
        lines += [f"Waived without need, for nothing fails there: {', '.join(needless)}.", ""]
    if result["claim"]["doubts"]:
        doubts = "; ".join(map(markdown_text, result["claim"]["doubts"]))
        lines += [f"This run supports no claim of conformance: {doubts}.", ""]
    registration = registered(result)
    if registration is not None:
        lines += [f"Registered {markdown_text(registration)}.", ""]
    return [*lines, *map(markdown_text, result["assurance"]["limitations"])]


def _begin(result: Mapping[str, Any]) -> list[str]:
    """Return what to do first, and what holds already; nothing where nothing is to be done."""
    found = causes(result)
    if not found:
        return []
    lines = ["## Where to begin", ""]
    for number, cause in enumerate(found[:CAUSES_SHOWN], 1):
        places = ", ".join(f"`{place}`" for place in reading(cause, result["drs_version"]))
        lines.append(
            f"{number}. **{markdown_text(cause.heading, _SHORT)}**: "
            f"{markdown_text(cause.found, 2 * _SHORT)}. "
            f"{markdown_text(cause.step.text, 2 * _SHORT)} ({places})"
        )
    if len(found) > CAUSES_SHOWN:
        lines += ["", f"Further causes below: {len(found) - CAUSES_SHOWN}."]
    holding = [entry["id"] for entry in with_verdict(result, "pass")]
    held = ", ".join(holding) or "nothing could be shown to hold"
    return [*lines, "", f"Holds already: {held}.", ""]


def _entry(result: Mapping[str, Any], entry: Entry) -> list[str]:
    outcome, waived = entry["outcome"], entry["waived"]
    lines = ["", f"### {entry['id']} {markdown_text(entry['title'])}: {outcome['verdict']}", ""]
    if waived is not None:
        lines += [f"Waived until {waived['expires']}: {markdown_text(waived['reason'])}", ""]
    lines.append(markdown_text(outcome["summary"]))
    if outcome["cause"]:
        lines += ["", markdown_text(outcome["cause"])]
    if outcome["reproduce"]:
        commands = "\n".join(commands_shown(outcome["reproduce"]))
        longest = max((len(run) for run in re.findall("`+", commands)), default=0)
        fence = "`" * max(3, longest + 1)
        lines += ["", f"{fence}sh", commands, fence]
    waiting = blocked(result, entry["id"])
    if waiting:
        lines += ["", f"Blocked by this: {', '.join(waiting)}"]
    return lines


def markdown_text(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` on one line, with nothing in it that marks up; good for a table's cell."""
    return _OPENING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", one_line(text, longest)))
