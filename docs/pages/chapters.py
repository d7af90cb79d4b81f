"""A chapter as a page: each requirement leads to its checks, mutants, schemas and threats."""

from __future__ import annotations

import re
from collections.abc import Iterable

from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.specification.matrix import MatrixRow

from pages.links import requirement_link, schema_links, threat_links

__all__ = ["chapter_page"]

_FENCE = re.compile(r"```yaml requirement\n.*?```\n", re.DOTALL)
_HEADING = re.compile(r"^### ([A-Z]{3}-\d\d) .*$", re.MULTILINE)
_VERIFIED = {"test": "test", "inspect": "inspection", "attest": "attestation"}


def chapter_page(text: str, catalogue: Catalogue, rows: Iterable[MatrixRow]) -> str:
    """Return the page of a chapter, with a banner that says how far the version is."""
    by_id = {row.requirement.id: row for row in rows}
    text = re.sub(r"```yaml chapter\n.*?```\n", _banner(catalogue.version), text, flags=re.DOTALL)
    identifiers = iter(_HEADING.findall(text))
    return _FENCE.sub(lambda _: _facts(by_id[next(identifiers)], catalogue), text)


def _banner(version: str) -> str:
    return f'!!! warning "Draft"\n    Version {version} is a draft. It may change without notice.\n'


def _facts(row: MatrixRow, catalogue: Catalogue) -> str:
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
        facts.append(("Checks", ", ".join(f"`{check.function}`" for check in row.checks)))
    if row.mutants:
        facts.append(("Mutants", ", ".join(f"`{mutant.name}`" for mutant in row.mutants)))
    facts.append(("Digest", f"`{item.digest}`"))
    lines = [f"**{name}:** {value}  " for name, value in facts]
    return '<div class="facts" markdown>\n' + "\n".join(lines) + "\n</div>\n"
