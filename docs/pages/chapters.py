"""A chapter as a page: each requirement leads to its checks, mutants, schemas and threats."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.specification.checks_index import CheckReference
from drs_conformance.specification.matrix import MatrixRow

from pages.links import requirement_link, schema_links, threat_links

__all__ = ["chapter_page"]

_FENCE = re.compile(r"```yaml requirement\n.*?```\n", re.DOTALL)
_HEADING = re.compile(r"^##+ ([A-Z]{3}-\d\d) .*$", re.MULTILINE)
_NOTE = "Drawn from the registry [ladder](../registries.md#ladder), which decides:\n\n"
_VERIFIED = {"test": "test", "inspect": "inspection", "attest": "attestation"}


def chapter_page(
    text: str,
    catalogue: Catalogue,
    rows: Iterable[MatrixRow],
    banner: str,
    picture: str,
    root: Path,
) -> str:
    """Return the page of a chapter, with its banner at the top.

    A picture stands before the first requirement, and says that it is not part of the text. Places
    of checks are given below ``root``.
    """
    by_id = {row.requirement.id: row for row in rows}
    text = re.sub(r"```yaml chapter\n.*?```\n", lambda _: banner, text, flags=re.DOTALL)
    if not re.search(r"^## ", text, re.MULTILINE):
        # No level is skipped on a page.
        text = re.sub(r"^### ", "## ", text, flags=re.MULTILINE)
    identifiers = iter(_HEADING.findall(text))
    text = _FENCE.sub(lambda _: _facts(by_id[next(identifiers)], catalogue, root), text)
    if picture:
        text = _HEADING.sub(lambda found: f"{_NOTE}{picture}\n{found[0]}", text, count=1)
    return text


def _facts(row: MatrixRow, catalogue: Catalogue, root: Path) -> str:
    item = row.requirement
    level = f"{item.level}, core" if item.core else item.level
    facts = [("Level", level), ("Applies to", ", ".join(item.applies_to))]
    facts.append(("Verified by", _VERIFIED[item.verify]))
    if item.excluded:
        facts.append(("Test", "not built yet"))
    if item.attested_by:
        facts.append(("Attested by", item.attested_by))
    if item.evidence:
        facts.append(("Evidence", item.evidence))
    if item.depends_on:
        links = [requirement_link(catalogue, name) for name in item.depends_on]
        facts.append(("Depends on", ", ".join(links)))
    facts.append(("Answers", threat_links(item.threats, "../")))
    if item.schemas:
        facts.append(("Schemas", schema_links(item.schemas, "../")))
    if item.registries:
        links = [f"[{name}](../registries.md#{name})" for name in item.registries]
        facts.append(("Registries", ", ".join(links)))
    if row.checks:
        facts.append(("Checks", ", ".join(_check(check, root) for check in row.checks)))
    if row.mutants:
        facts.append(("Mutants", ", ".join(f"`{mutant.name}`" for mutant in row.mutants)))
    facts.append(("Digest", f"`{item.digest}`"))
    lines = [f"**{name}:** {value}  " for name, value in facts]
    return '<div class="facts" markdown>\n' + "\n".join(lines) + "\n</div>\n"


def _check(check: CheckReference, root: Path) -> str:
    return f"`{check.function}` (`{check.file.relative_to(root).as_posix()}:{check.line}`)"
