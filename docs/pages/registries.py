"""The registries as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drs_conformance.specification.schemas import load_document

__all__ = ["registries_page"]


def registries_page(folder: Path) -> str:
    """Return one page with a table for each list of each registry."""
    lines = ["# Registries", "", "Permitted values and limits, as data."]
    for path in sorted(folder.glob("*.yaml")):
        document: Any = load_document(path)
        comment = [
            line.lstrip("# ") for line in path.read_text("utf-8").splitlines() if line[:1] == "#"
        ]
        lines += ["", f"## {document['registry']} {{#{document['registry']}}}", ""]
        lines.append(" ".join(comment))
        for name, entries in document.items():
            if isinstance(entries, list):
                lines += ["", *_table(entries)] if name == "entries" else _titled(name, entries)
    return "\n".join(lines) + "\n"


def _titled(name: str, entries: list[dict[str, Any]]) -> list[str]:
    return ["", f"### {name.capitalize()}", "", *_table(entries)]


def _table(entries: list[dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(name for entry in entries for name in entry))
    lines = [f"| {' | '.join(columns)} |", f"| {' | '.join('---' for _ in columns)} |"]
    for entry in entries:
        lines.append(f"| {' | '.join(_cell(entry.get(column, '')) for column in columns)} |")
    return lines


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_cell(member)}" for name, member in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return str(value).replace("|", "\\|").replace("{", "&#123;").replace("\n", " ")
