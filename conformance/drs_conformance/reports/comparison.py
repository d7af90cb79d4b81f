"""A comparison of two runs as text and as Markdown; whatever a target wrote stays text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drs_conformance.certification.documents import document_text
from drs_conformance.reports.markdown import markdown_text
from drs_conformance.reports.plain_text import one_line
from drs_conformance.results.comparison import GROUPS

__all__ = ["COMPARISON_FORMATS"]

Comparison = Mapping[str, Any]

_TITLES = {
    "worse": "Worse",
    "better": "Better",
    "changed": "Neither better nor worse",
    "appeared": "Tested now, not before",
    "vanished": "Tested before, not now",
}
_SHORT = 200


def _answer(comparison: Comparison) -> str:
    counts = {name: len(comparison[name]) for name in GROUPS}
    told = ", ".join(f"{counts[name]} {name}" for name in GROUPS if counts[name])
    same = f"{sum(comparison['unchanged'].values())} as before"
    found = {
        0: "SAME OR BETTER" if told else "SAME",
        1: "WORSE",
        3: "UNDECIDED",
    }[comparison["exit_code"]]
    return f"{found}: {told}, {same}" if told else f"{found}: {same}"


def _unchanged(comparison: Comparison) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in comparison["unchanged"].items())
    return f"As before: {counts or 'nothing'}."


def _runs(comparison: Comparison) -> str:
    old, new = comparison["old"]["started_at"], comparison["new"]["started_at"]
    return f"Run of {new} against that of {old}."


def _text(comparison: Comparison) -> str:
    lines = [_answer(comparison), _runs(comparison)]
    for each in comparison["differences"]:
        lines.append(one_line(f"Not alike: {each['what']} was {each['old']}, is {each['new']}"))
    for name in GROUPS:
        if comparison[name]:
            lines += ["", _TITLES[name]]
        for change in comparison[name]:
            line = f"{change['requirement']} {change['title']}: {change['old']} -> {change['new']}"
            lines.append(f"  {one_line(line)}")
            if change["summary"]:
                lines.append(f"    {one_line(change['summary'], _SHORT)}")
    return "\n".join([*lines, "", _unchanged(comparison)]) + "\n"


def _markdown(comparison: Comparison) -> str:
    lines = [f"# {_answer(comparison)}", "", markdown_text(_runs(comparison))]
    if comparison["differences"]:
        lines += ["", "| not alike | was | is |", "| --- | --- | --- |"]
    for each in comparison["differences"]:
        lines.append(f"| {each['what']} | {_cell(each['old'])} | {_cell(each['new'])} |")
    for name in GROUPS:
        if comparison[name]:
            head = ["| requirement | was | is | found |", "| --- | --- | --- | --- |"]
            lines += ["", f"## {_TITLES[name]}", "", *head]
        for change in comparison[name]:
            which = _cell(f"{change['requirement']} {change['title']}")
            cells = (which, change["old"], change["new"], _cell(change["summary"] or ""))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", _unchanged(comparison)]) + "\n"


def _cell(text: str) -> str:
    return markdown_text(text, _SHORT)


COMPARISON_FORMATS: Mapping[str, Callable[[Comparison], str]] = {
    "text": _text,
    "markdown": _markdown,
    "json": document_text,
}
