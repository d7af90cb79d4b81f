"""Write the pages that mkdocs builds: guides, chapters, catalogue and traceability.

Everything is written below build/docs before mkdocs runs, so that mkdocs needs no plugin of ours.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.specification.catalogue_views import catalogue_markdown
from drs_conformance.specification.checks_index import find_checks, find_mutants
from drs_conformance.specification.matrix import matrix, matrix_markdown

ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "docs"
CHECKS = ROOT / "conformance" / "drs_conformance" / "checks"
MUTANTS = ROOT / "conformance" / "tests" / "mutants"


def main() -> None:
    """Write every page afresh."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for page in (ROOT / "docs").rglob("*.md"):
        _write(page.relative_to(ROOT / "docs"), page.read_text("utf-8"))
    catalogue = load_catalogue(root=ROOT)
    for chapter in (ROOT / "spec" / catalogue.version).glob("*.md"):
        _write(Path("standard") / chapter.name, _without_fences(chapter.read_text("utf-8")))
    _write(Path("catalogue.md"), catalogue_markdown(catalogue))
    rows = matrix(catalogue, find_checks(CHECKS), find_mutants(MUTANTS))
    _write(Path("traceability.md"), matrix_markdown(rows))


def _without_fences(chapter: str) -> str:
    """Drop the chapter fence; show a requirement's fence as plain YAML."""
    chapter = re.sub(r"```yaml chapter\n.*?```\n", "", chapter, flags=re.DOTALL)
    return chapter.replace("```yaml requirement", "```yaml")


def _write(page: Path, text: str) -> None:
    path = OUT / page
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
