"""From each requirement to its checks and mutants, a table a chapter."""

from __future__ import annotations

from collections.abc import Iterable

from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.specification.matrix import MatrixRow

from pages.links import requirement_link, threat_links

__all__ = ["traceability_page"]


def traceability_page(catalogue: Catalogue, rows: Iterable[MatrixRow]) -> str:
    """Return the traceability matrix."""
    rows = tuple(rows)
    lines = [
        "# Traceability",
        "",
        "A check is a function of the suite; a mutant is an endpoint that breaks the requirement "
        "and that the suite must catch.",
    ]
    for chapter in catalogue.chapters:
        members = [row for row in rows if row.requirement.chapter == chapter.name]
        if not members:
            continue
        lines += ["", f"## {chapter.title}", ""]
        lines += ["| requirement | verified by | checks and mutants | threats |"]
        lines += ["| --- | --- | --- | --- |"]
        lines += [_row(row, catalogue) for row in members]
    return "\n".join(lines) + "\n"


def _row(row: MatrixRow, catalogue: Catalogue) -> str:
    item = row.requirement
    verified = "test, not built yet" if item.excluded else item.verify
    proof = [f"`{check.function}`" for check in row.checks]
    proof += [f"caught: `{mutant.name}`" for mutant in row.mutants]
    who = item.attested_by or item.evidence
    proof += [who] if who else []
    cells = (
        f"{requirement_link(catalogue, item.id, 'standard/')} {item.title}",
        f"{verified}, {item.level}",
        "<br>".join(proof),
        threat_links(item.threats),
    )
    return f"| {' | '.join(cells)} |"
