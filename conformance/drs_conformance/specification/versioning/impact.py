"""What edits in a checkout touch: requirements, and by them schemas, checks, pages, claims."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.specification.checks_index import find_checks, find_mutants
from drs_conformance.specification.documents import DocumentError, load_document
from drs_conformance.specification.location import versions
from drs_conformance.specification.matrix import MatrixRow, matrix
from drs_conformance.specification.versioning.difference import Difference, Text, difference


class NoBaseError(Exception):
    """There is nothing to compare with: no git, no checkout, or no such commit."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A requirement that the edits touch. `why` says how; paths are below the root."""

    id: str
    title: str
    why: tuple[str, ...]
    place: str
    schemas: tuple[str, ...]
    checks: tuple[str, ...]
    mutants: tuple[str, ...]
    dependents: tuple[str, ...]
    pages: tuple[str, ...]
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What differs in a version and what that touches."""

    change: Difference
    touched: tuple[Touched, ...]


def impact(
    root: Path, base: str, checks: Path, mutants: Path, claims: Iterable[Path] = ()
) -> list[Impact]:
    """Compare the working tree with a commit, for each version that both have.

    `claims` are files that pin digests (claims, results), or folders of such.

    Raises:
        NoBaseError: the commit cannot be read.
        CatalogueError, DocumentError: one of the two texts is malformed.

    """
    found = find_checks(checks), find_mutants(mutants)
    pinned = list(_pinned(claims))
    result = []
    with tempfile.TemporaryDirectory() as scratch:
        before = _checked_out(root, base, Path(scratch).resolve())
        for version in versions(before):
            if version not in versions(root):
                continue
            new = Text.read(version, root)
            change = difference(Text.read(version, before), new)
            if not change.is_empty or change.faults:
                rows = {row.requirement.id: row for row in matrix(new.catalogue, *found)}
                result.append(Impact(change, tuple(_touched(change, new, rows, root, pinned))))
    return result


def _checked_out(root: Path, base: str, folder: Path) -> Path:
    """Write the standard as it was in a commit below `folder`."""
    command = ["git", "-C", str(root), "archive", "--format=tar", base, "--", "spec", "schemas"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except OSError as error:
        raise NoBaseError(f"git could not be run: {error.strerror}") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise NoBaseError(f"{base} has no standard to compare with in {root}: {said}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _touched(
    change: Difference,
    new: Text,
    rows: dict[str, MatrixRow],
    root: Path,
    pinned: list[tuple[str, str, str]],
) -> Iterator[Touched]:
    why = _reasons(change, new.catalogue)
    old = {item.old.id: item.old.digest for item in (*change.changed, *change.relevelled)}
    for item in new.catalogue.requirements:
        if item.id not in why:
            continue
        row = rows[item.id]
        yield Touched(
            id=item.id,
            title=item.title,
            why=tuple(why[item.id]),
            place=f"{item.file}:{item.line}",
            schemas=item.schemas,
            checks=tuple(f"{check.module}.{check.function}" for check in row.checks),
            mutants=tuple(mutant.name for mutant in row.mutants),
            dependents=_dependents(new.catalogue, item.id),
            pages=tuple(_pages(root, item.id, item.chapter)),
            claims=tuple(
                file for file, name, digest in pinned if name == item.id and digest == old.get(name)
            ),
        )


def _reasons(change: Difference, catalogue: Catalogue) -> dict[str, list[str]]:
    """Return why each touched requirement is touched."""
    why: dict[str, list[str]] = {}
    for item in change.added:
        why.setdefault(item.id, []).append("added")
    for changed in (*change.relevelled, *change.changed, *change.editorial):
        said = "editorial: " if changed in change.editorial else ""
        text = said + ", ".join(name.replace("_", " ") for name in changed.members)
        if text not in why.setdefault(changed.new.id, []):
            why[changed.new.id].append(text)
    schemas = {item.name: item.verdict for item in change.schemas}
    registries = {item.name for item in change.registries}
    for requirement in catalogue.requirements:
        for name in requirement.schemas:
            if name in schemas:
                why.setdefault(requirement.id, []).append(f"schema {name} ({schemas[name]})")
        for name in requirement.registries:
            if name in registries:
                why.setdefault(requirement.id, []).append(f"registry {name}")
    return why


def _dependents(catalogue: Catalogue, name: str) -> tuple[str, ...]:
    """Return what rests on a requirement, by way of others too, in the order of the text."""
    found = {name}
    while True:
        more = {item.id for item in catalogue.requirements if found & {*item.depends_on}} | found
        if more == found:
            break
        found = more
    return tuple(item.id for item in catalogue.requirements if item.id in found - {name})


def _pages(root: Path, name: str, chapter: str) -> Iterator[str]:
    """Yield the generated page of a requirement and the written pages that mention it."""
    yield f"standard/{chapter}.html#{name}"
    docs = root / "docs"
    for path in sorted(docs.rglob("*.md")):
        if name in path.read_text("utf-8"):
            yield path.relative_to(root).as_posix()


def _pinned(claims: Iterable[Path]) -> Iterator[tuple[str, str, str]]:
    """Yield file, identifier and digest of every requirement that a claim or result pins."""
    for place in claims:
        files = sorted(place.rglob("*.json")) if place.is_dir() else [place]
        for file in files:
            try:
                document: Any = load_document(file)
            except DocumentError:
                if file == place:
                    raise
                continue
            requirements = document.get("requirements") if isinstance(document, dict) else None
            for entry in requirements if isinstance(requirements, list) else []:
                if isinstance(entry, dict) and {"id", "digest"} <= entry.keys():
                    yield str(file), entry["id"], entry["digest"]
