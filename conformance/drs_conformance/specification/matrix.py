"""The traceability matrix: from each requirement to its checks, mutants, schemas and threats."""

from collections.abc import Iterable
from dataclasses import dataclass

from drs_conformance.specification.catalogue import Catalogue, Requirement
from drs_conformance.specification.checks_index import CheckReference, MutantReference

_COLUMNS = ("id", "title", "level", "verified by", "checks", "mutants", "schemas", "threats")


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One requirement and all that leads to it or from it."""

    requirement: Requirement
    checks: tuple[CheckReference, ...]
    mutants: tuple[MutantReference, ...]


def matrix(
    catalogue: Catalogue,
    checks: Iterable[CheckReference],
    mutants: Iterable[MutantReference],
) -> tuple[MatrixRow, ...]:
    """Return one row for each requirement, in the order of the text."""
    checks, mutants = tuple(checks), tuple(mutants)
    return tuple(
        MatrixRow(
            requirement,
            tuple(check for check in checks if check.requirement == requirement.id),
            tuple(mutant for mutant in mutants if requirement.id in mutant.breaks),
        )
        for requirement in catalogue.requirements
    )


def matrix_document(rows: Iterable[MatrixRow]) -> list[dict[str, object]]:
    """Return the matrix as JSON values; files are left out, since they differ by machine."""
    return [
        {
            "id": row.requirement.id,
            "title": row.requirement.title,
            "level": row.requirement.level,
            "verify": row.requirement.verify,
            "excluded": row.requirement.excluded,
            "checks": [f"{check.module}.{check.function}" for check in row.checks],
            "mutants": [mutant.name for mutant in row.mutants],
            "schemas": list(row.requirement.schemas),
            "registries": list(row.requirement.registries),
            "threats": list(row.requirement.threats),
        }
        for row in rows
    ]


def matrix_markdown(rows: Iterable[MatrixRow]) -> str:
    """Return the matrix as a Markdown table."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"| {' | '.join('---' for _ in _COLUMNS)} |"]
    for row in rows:
        cells = (", ".join(cell).replace("|", "\\|") for cell in _cells(row))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def matrix_text(rows: Iterable[MatrixRow]) -> str:
    """Return the matrix as a table of plain text, several lines a row where a cell has several."""
    table = [[[column] for column in _COLUMNS], *(_cells(row) for row in rows)]
    widths = [
        max(len(text) for row in table for text in (*row[i], "")) for i in range(len(_COLUMNS))
    ]
    lines = []
    for number, row in enumerate(table):
        for depth in range(max(len(cell) for cell in row)):
            texts = (cell[depth] if depth < len(cell) else "" for cell in row)
            padded = (text.ljust(width) for text, width in zip(texts, widths, strict=True))
            lines.append("  ".join(padded).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


def _cells(row: MatrixRow) -> list[list[str]]:
    item = row.requirement
    return [
        [item.id],
        [item.title],
        [item.level],
        [f"{item.verify} ({item.excluded})" if item.excluded else item.verify],
        [f"{check.module}.{check.function}" for check in row.checks],
        [mutant.name for mutant in row.mutants],
        list(item.schemas),
        list(item.threats),
    ]
