"""The requirements of the standard as data, read from the chapters in which they stand."""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

import rfc8785

from drs_conformance.specification.chapters import (
    ChapterSource,
    RequirementSource,
    RetiredSource,
    ThreatSource,
    read_chapters,
)
from drs_conformance.specification.findings import Finding
from drs_conformance.specification.location import latest_version, spec_folder, standard_root
from drs_conformance.specification.schemas import schema_set

Level = Literal["L1", "L2", "L3"]
Verification = Literal["test", "inspect", "attest"]


class CatalogueError(Exception):
    """The chapters are malformed, so that no faithful catalogue can be made of them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        listed = "\n".join(map(str, findings))
        super().__init__(f"expected well-formed chapters; `drs spec check` tells more:\n{listed}")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement.

    `chapter` is the name of the chapter's file without extension, `sentence` the normative
    sentence with single spaces, `design` the design of a statistical test (`kind`, `alpha`,
    `beta`, `cap`), `file` a path below the root of the standard, `line` that of the heading.

    `digest` covers what the requirement demands of anyone: id, sentence, keyword, level,
    applies_to, verify, core, depends_on, schemas, registries and design, in JCS form (RFC 8785)
    with lists sorted, since their order means nothing. It leaves out the title, the rationale and
    the threats, which explain and bind nobody; `excluded`, which tells how far the suite is and
    not what is required; `attested_by` and `evidence`, which say how to show it; and the place in
    the text. So a claim that pins the digest outlives an editorial change.
    """

    id: str
    title: str
    chapter: str
    family: str
    keyword: str
    level: Level
    applies_to: tuple[str, ...]
    verify: Verification
    core: bool
    depends_on: tuple[str, ...]
    threats: tuple[str, ...]
    schemas: tuple[str, ...]
    registries: tuple[str, ...]
    since: str
    sentence: str
    rationale: str
    attested_by: str | None
    evidence: str | None
    excluded: str | None
    design: Mapping[str, Any] | None = field(hash=False)
    digest: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Threat:
    """A threat that requirements answer; `text` is its description in Markdown."""

    id: str
    title: str
    text: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Retired:
    """A withdrawn requirement, whose identifier is never used again."""

    id: str
    since: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter; `name` is that of its file without extension."""

    name: str
    title: str
    family: str | None
    order: int
    file: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All requirements of one version, in the order of the text.

    `digest` covers the version and the digest of each requirement, whatever their order.
    """

    version: str
    chapters: tuple[Chapter, ...]
    requirements: tuple[Requirement, ...]
    threats: tuple[Threat, ...]
    retired: tuple[Retired, ...]
    digest: str
    by_id: Mapping[str, Requirement] = field(repr=False, compare=False)


def load_catalogue(version: str | None = None, root: Path | None = None) -> Catalogue:
    """Read the catalogue of a version of the standard, of the newest unless one is given.

    `root` holds `spec/` and `schemas/`; without it, the standard that is installed.

    Raises:
        StandardNotFoundError: the standard or the version is not there.
        CatalogueError: a chapter is malformed or an identifier stands twice.

    """
    base = root or standard_root()
    version = version or latest_version(base)
    folder = spec_folder(version, base)
    sources = read_chapters(folder, base, schema_set(version, base))
    findings = (*(f for source in sources for f in source.findings), *repeated_ids(sources))
    if findings:
        raise CatalogueError(findings)
    return catalogue_of(sources, version)


@functools.cache
def installed_catalogue(version: str) -> Catalogue:
    """Return the catalogue of an installed version, read once in a process. Raises as above."""
    return load_catalogue(version)


def repeated_ids(sources: Iterable[ChapterSource]) -> tuple[Finding, ...]:
    """Find identifiers of requirements, threats and withdrawn requirements that stand twice."""
    first: dict[str, str] = {}
    findings = []
    for source in sources:
        items: tuple[RequirementSource | ThreatSource | RetiredSource, ...] = (
            *source.requirements,
            *source.threats,
            *source.retired,
        )
        for item in sorted(items, key=lambda item: item.line):
            place = f"{source.file}:{item.line}"
            if item.id in first:
                message = f"expected {item.id} once, got it again; it stands in {first[item.id]}"
                findings.append(Finding(source.file, item.line, "id-duplicate", message))
            first.setdefault(item.id, place)
    return tuple(findings)


def catalogue_of(sources: Iterable[ChapterSource], version: str) -> Catalogue:
    """Make the catalogue of chapters; the first of several with one identifier counts."""
    chapters, requirements, threats, retired = [], [], [], []
    for source in sorted(sources, key=lambda source: source.order):
        chapters.append(
            Chapter(source.name, source.title, source.family, source.order, source.file)
        )
        requirements += [_requirement(item, source) for item in source.requirements]
        threats += [
            Threat(item.id, item.title, item.text, source.file, item.line)
            for item in source.threats
        ]
        retired += [Retired(item.id, item.since, item.reason) for item in source.retired]
    by_id: dict[str, Requirement] = {}
    for requirement in requirements:
        by_id.setdefault(requirement.id, requirement)
    digests = {name: requirement.digest for name, requirement in by_id.items()}
    return Catalogue(
        version=version,
        chapters=tuple(chapters),
        requirements=tuple(requirements),
        threats=tuple(threats),
        retired=tuple(retired),
        digest=_digest({"version": version, "requirements": digests}),
        by_id=MappingProxyType(by_id),
    )


def _requirement(source: RequirementSource, chapter: ChapterSource) -> Requirement:
    fence = cast(dict[str, Any], source.fence.value)
    demanded: dict[str, Any] = {
        "id": source.id,
        "sentence": source.sentence,
        "keyword": fence["keyword"],
        "level": fence["level"],
        "applies_to": sorted(fence["applies_to"]),
        "verify": fence["verify"],
        "core": fence.get("core", False),
        "depends_on": sorted(fence.get("depends_on", [])),
        "schemas": sorted(fence.get("schemas", [])),
        "registries": sorted(fence.get("registries", [])),
        "design": fence.get("design"),
    }
    design = fence.get("design")
    return Requirement(
        id=source.id,
        title=source.title,
        chapter=chapter.name,
        family=source.id.partition("-")[0],
        keyword=fence["keyword"],
        level=fence["level"],
        applies_to=tuple(fence["applies_to"]),
        verify=fence["verify"],
        core=demanded["core"],
        depends_on=tuple(fence.get("depends_on", [])),
        threats=tuple(fence["threats"]),
        schemas=tuple(fence.get("schemas", [])),
        registries=tuple(fence.get("registries", [])),
        since=fence["since"],
        sentence=source.sentence,
        rationale=source.rationale,
        attested_by=fence.get("attested_by"),
        evidence=fence.get("evidence"),
        excluded=fence.get("excluded"),
        design=None if design is None else MappingProxyType(design),
        digest=_digest(demanded),
        file=chapter.file,
        line=source.line,
    )


def _digest(value: dict[str, Any]) -> str:
    return f"sha256:{hashlib.sha256(rfc8785.dumps(value)).hexdigest()}"
