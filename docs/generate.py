"""Write the pages that mkdocs builds: guides, chapters, schemas, registries and traceability.

Everything is written below build/docs before mkdocs runs, so that mkdocs needs no plugin of ours.
The newest version of the standard stands at the top, older ones below `versions/`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from drs_conformance.specification.catalogue import Catalogue, load_catalogue
from drs_conformance.specification.checks_index import find_checks, find_mutants
from drs_conformance.specification.matrix import matrix
from drs_conformance.specification.schemas import load_document, schema_set
from pages.catalogue import catalogue_page
from pages.chapters import chapter_page
from pages.efficacy import efficacy_parts
from pages.flow_pictures import roles_picture, verdict_picture
from pages.ladder_picture import ladder_picture
from pages.lifecycle import Version, banner, read_versions, versions_json, versions_page
from pages.measurements import decision_engine_parts
from pages.operating import operating_parts
from pages.perturbation import perturbation_parts
from pages.provenance import provenance_parts
from pages.registries import registries_page
from pages.schemas import schema_index, schema_pages
from pages.threats import threats_page
from pages.traceability import traceability_page
from pages.transcripts import with_output

HERE = Path(__file__).parent
_MEASURED = "decision-engine|operating|efficacy|efficacy_full|perturbation|provenance"
_GENERATED = re.compile(rf"<!-- generated: (?:{_MEASURED}) .*? -->\n")
COPIED = {".md", ".css", ".js", ".json"}


def main() -> None:
    """Write every page afresh."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", nargs="?", type=Path, default=HERE.parent / "build" / "docs")
    parser.add_argument(
        "--root", type=Path, default=HERE.parent, help="the folder that holds spec/ and schemas/"
    )
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    for page, text in pages(options.root):
        path = options.out / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every page."""
    yield from _written_pages(root)
    yield from standard_pages(root)


def _written_pages(root: Path) -> Iterator[tuple[str, str]]:
    """Yield what people wrote, with the pictures and the output of commands put in."""
    newest = read_versions(root)[0]
    parts = {
        "lifecycle": banner(newest, newest),
        "verdict": verdict_picture(),
        "roles": roles_picture(),
        **_measured(load_catalogue(newest.name, root)),
    }
    paths = [path for path in sorted(HERE.rglob("*")) if path.suffix in COPIED]
    # The commands of a page wait more than they work, and no page knows of another.
    with ThreadPoolExecutor() as pool:
        for written in pool.map(lambda path: _written_page(path, parts), paths):
            yield from written


def _written_page(path: Path, parts: Mapping[str, str]) -> list[tuple[str, str]]:
    text = _filled(path.read_text("utf-8"), parts)
    page = path.relative_to(HERE)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "shell")
        return [
            (str(page), with_output(text, folder, HERE.parent)),
            *_published(folder, page.parent),
        ]


def _measured(catalogue: Catalogue) -> dict[str, str]:
    """Return what benchmarks left in `measurements`, to be put into the pages there."""

    def document(name: str) -> Any:
        path = HERE / "measurements" / f"{name}.json"
        return json.loads(path.read_text("utf-8")) if path.is_file() else None

    return {
        **decision_engine_parts(document("decision_engine"), catalogue),
        **operating_parts(document("operating"), catalogue, document("decision_engine")),
        **efficacy_parts(HERE / "measurements"),
        **perturbation_parts(document("perturbation")),
        **provenance_parts(document("provenance")),
    }


def standard_pages(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the pages of every version of the standard below ``root``."""
    versions = read_versions(root)
    newest = versions[0]
    listed = []
    for version in versions:
        below = "" if version == newest else f"versions/{version.name}/"
        catalogue = load_catalogue(version.name, root)
        listed.append((version, f"{below}standard/{catalogue.chapters[0].name}.md"))
        for page, text in _version_pages(root, catalogue, version, newest):
            # Of an older version nothing is found by search, or each result would come twice.
            front = "---\nsearch:\n  exclude: true\n---\n" if below else ""
            yield below + page, front + text
    yield "versions.md", versions_page(listed)
    yield "versions.json", versions_json(versions)


def _published(folder: Path, beside: Path) -> Iterator[tuple[str, str]]:
    """Yield what the commands of a page left in `published`, to stand beside the page."""
    for path in sorted((folder / "published").rglob("*")):
        if path.is_file():
            yield str(beside / path.relative_to(folder)), path.read_text("utf-8")


def _version_pages(
    root: Path, catalogue: Catalogue, version: Version, newest: Version
) -> Iterator[tuple[str, str]]:
    registries = root / "spec" / version.name / "registries"
    schemas = schema_set(version.name, root)
    suite = HERE.parent / "conformance"
    checks = find_checks(suite / "drs_conformance" / "checks")
    rows = matrix(catalogue, checks, find_mutants(suite / "tests" / "mutants"))
    up = "" if version == newest else "../../"
    for chapter in catalogue.chapters:
        text = (root / chapter.file).read_text("utf-8")
        told = banner(version, newest, f"../{up}")
        picture = _ladder(registries) if chapter.family == "RSP" else ""
        yield (
            f"standard/{chapter.name}.md",
            chapter_page(text, catalogue, rows, told, picture, suite.parent),
        )
    for name, text in schema_pages(schemas, catalogue):
        yield f"schemas/{name}.md", text
    yield "schemas/index.md", schema_index(schemas, catalogue)
    yield "registries.md", registries_page(registries)
    yield "catalogue.md", catalogue_page(catalogue, banner(version, newest, up))
    yield "threats.md", threats_page(catalogue)
    yield "traceability.md", traceability_page(catalogue, rows)


def _ladder(registries: Path) -> str:
    document: Any = load_document(registries / "ladder.yaml")
    return ladder_picture(document)


def _filled(text: str, written: Mapping[str, str]) -> str:
    """Put what is generated where a page asks for it: `<!-- generated: NAME -->`."""
    for name, part in written.items():
        text = text.replace(f"<!-- generated: {name} -->\n", part)
    return _GENERATED.sub("Not measured yet.\n", text)


if __name__ == "__main__":
    main()
