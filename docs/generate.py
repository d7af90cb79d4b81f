"""Write the pages that mkdocs builds: guides, chapters, schemas, registries and traceability.

Everything is written below build/docs before mkdocs runs, so that mkdocs needs no plugin of ours.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from drs_conformance.specification.catalogue import load_catalogue
from drs_conformance.specification.catalogue_views import catalogue_markdown
from drs_conformance.specification.checks_index import find_checks, find_mutants
from drs_conformance.specification.matrix import matrix
from pages.chapters import chapter_page
from pages.registries import registries_page
from pages.schemas import schema_index, schema_pages
from pages.threats import threats_page
from pages.traceability import traceability_page

ROOT = Path(__file__).parents[1]
OUT = ROOT / "build" / "docs"


def main() -> None:
    """Write every page afresh."""
    shutil.rmtree(OUT, ignore_errors=True)
    for page in (ROOT / "docs").rglob("*"):
        if page.suffix in (".md", ".css"):
            _write(page.relative_to(ROOT / "docs"), page.read_text("utf-8"))
    catalogue = load_catalogue(root=ROOT)
    spec, schemas = ROOT / "spec" / catalogue.version, ROOT / "schemas" / catalogue.version
    checks = find_checks(ROOT / "conformance" / "drs_conformance" / "checks")
    rows = matrix(catalogue, checks, find_mutants(ROOT / "conformance" / "tests" / "mutants"))
    for chapter in catalogue.chapters:
        text = (ROOT / chapter.file).read_text("utf-8")
        _write(Path("standard", f"{chapter.name}.md"), chapter_page(text, catalogue, rows))
    for name, text in schema_pages(schemas):
        _write(Path("schemas", f"{name}.md"), text)
    _write(Path("schemas", "index.md"), schema_index(schemas))
    _write(Path("registries.md"), registries_page(spec / "registries"))
    _write(Path("catalogue.md"), catalogue_markdown(catalogue))
    _write(Path("threats.md"), threats_page(catalogue))
    _write(Path("traceability.md"), traceability_page(catalogue, rows))


def _write(page: Path, text: str) -> None:
    path = OUT / page
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
