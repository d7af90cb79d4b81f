"""A summary in Markdown, for the page of a CI job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drs_conformance.reports.headline import (
    Entry,
    answer,
    blocked,
    headline,
    registered,
    with_verdict,
)
from drs_conformance.reports.plain_text import commands_shown, one_line
from drs_conformance.reports.root_causes import CAUSES_SHOWN, causes, reading
from drs_conformance.verdicts import SEVERITY

__all__ = ["render_markdown"]

# What marks up inside a line, and what forges turn into a link or a formula without any mark.
_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#+!|~&@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
# What opens a list or a rule at the beginning of a line.
_OPENING = re.compile(r"^([0-9]*)([-=.])")


def render_markdown(result: Mapping[str, Any]) -> str:
    """Return the summary: the answer, the counts, failures with their causes and commands."""
    target, spent, budget = result["target"], result["spent"], result["budget"]
    lines = [
        f"# {answer(result)}: {_text(headline(result))}",
        "",
        f"{_text(target['name'])}, standard {result['drs_version']}, level "
        f"{result['selection']['level']}, profile {result['profile']}; "
        f"{spent['requests']} of {budget['max_requests']} requests.",
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
    for title, verdicts in (
        ("Failures", ("fail",)),
        ("Undecided", ("harness-error", "untestable", "inconclusive")),
    ):
        entries = with_verdict(result, *verdicts)
        if entries:
            lines += ["", f"## {title}"]
        for entry in entries:
            lines += _entry(result, entry)
    if result["claim"]["doubts"]:
        doubts = "; ".join(map(_text, result["claim"]["doubts"]))
        lines += ["", f"This run supports no claim of conformance: {doubts}."]
    registration = registered(result)
    if registration is not None:
        lines += ["", f"Registered {_text(registration)}."]
    lines += ["", *(_text(text) for text in result["assurance"]["limitations"])]
    return "\n".join(lines) + "\n"


def _begin(result: Mapping[str, Any]) -> list[str]:
    """Return what to do first, and what holds already; nothing where nothing is to be done."""
    found = causes(result)
    if not found:
        return []
    lines = ["## Where to begin", ""]
    for number, cause in enumerate(found[:CAUSES_SHOWN], 1):
        places = ", ".join(f"`{place}`" for place in reading(cause, result["drs_version"]))
        lines.append(
            f"{number}. **{_text(cause.heading)}**: {_text(cause.found)}. "
            f"{_text(cause.step.text)} ({places})"
        )
    if len(found) > CAUSES_SHOWN:
        lines += ["", f"{len(found) - CAUSES_SHOWN} more causes stand below."]
    holding = [entry["id"] for entry in with_verdict(result, "pass")]
    held = ", ".join(holding) or "nothing could be shown to hold"
    return [*lines, "", f"Holds already: {held}.", ""]


def _entry(result: Mapping[str, Any], entry: Entry) -> list[str]:
    outcome, waived = entry["outcome"], entry["waived"]
    lines = ["", f"### {entry['id']} {_text(entry['title'])}: {outcome['verdict']}", ""]
    if waived is not None:
        lines += [f"Waived until {waived['expires']}: {_text(waived['reason'])}", ""]
    lines.append(_text(outcome["summary"]))
    if outcome["cause"]:
        lines += ["", _text(outcome["cause"])]
    if outcome["reproduce"]:
        commands = "\n".join(commands_shown(outcome["reproduce"]))
        longest = max((len(run) for run in re.findall("`+", commands)), default=0)
        fence = "`" * max(3, longest + 1)
        lines += ["", f"{fence}sh", commands, fence]
    waiting = blocked(result, entry["id"])
    if waiting:
        lines += ["", f"Blocked by this: {', '.join(waiting)}"]
    return lines


def _text(text: str) -> str:
    return _OPENING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", one_line(text)))
