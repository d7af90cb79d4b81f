"""Whether the text of the standard is in order, by itself and beside schemas and checks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from drs_conformance.profiles import shortfalls
from drs_conformance.specification.catalogue import (
    Catalogue,
    Requirement,
    catalogue_of,
    repeated_ids,
)
from drs_conformance.specification.chapters import (
    ChapterSource,
    RequirementSource,
    read_chapters,
)
from drs_conformance.specification.checks_index import (
    CheckReference,
    CheckSourceError,
    MutantReference,
    scan_checks,
    scan_mutants,
)
from drs_conformance.specification.findings import Finding
from drs_conformance.specification.location import spec_folder, version_key, versions
from drs_conformance.specification.prose import inspect_prose
from drs_conformance.specification.registries import inspect_registries, read_registries
from drs_conformance.specification.schemas import SchemaSet, schema_set
from drs_conformance.specification.sentences import keywords_in, sentence_count, visible_text
from drs_conformance.specification.versioning.lock import lock_findings
from drs_conformance.statistics.designs import Design

_PACKAGE_CHECKS = Path(__file__).resolve().parents[1] / "checks"
_CHECKS = Path("conformance/drs_conformance/checks")
_MUTANTS = Path("conformance/tests/mutants")


def checks_folder(root: Path) -> Path:
    """Return the checks beside the text, or those of this package where there are none."""
    beside = root / _CHECKS
    return beside if beside.is_dir() else _PACKAGE_CHECKS


def mutants_folder(root: Path) -> Path:
    """Return where the mutants stand beside the text; a wheel has none."""
    return root / _MUTANTS


def inspect_text(root: Path, version: str) -> list[Finding]:
    """Inspect a version with the checks and mutants that belong to it."""
    mutants = mutants_folder(root)
    return inspect_specification(
        root, version, checks_folder(root), mutants if mutants.is_dir() else None
    )


def inspect_specification(
    root: Path,
    version: str,
    checks_folder: Path,
    mutants_folder: Path | None = None,
) -> list[Finding]:
    """Return every mistake of a version of the standard, ordered by file and line.

    `root` holds `spec/` and `schemas/`. Without `mutants_folder`, mutants are not looked at.

    Raises:
        StandardNotFoundError: the standard or the version is not there.
        DocumentError: a chapter or a schema cannot be read at all.

    """
    folder = spec_folder(version, root)
    schemas = schema_set(version, root)
    sources = read_chapters(folder, root, schemas)
    registries = read_registries(folder / "registries", root, schemas)
    text = _Text(
        root=root,
        version=version,
        sources=sources,
        catalogue=catalogue_of(sources, version),
        registries=frozenset(registry.name for registry in registries),
        schemas=schemas,
    )
    findings = [finding for source in sources for finding in source.findings]
    findings += repeated_ids(sources)
    findings += inspect_registries(registries, root, schemas)
    findings += text.inspect()
    findings += lock_findings(version, root)
    findings += _inspect_checks(list(scan_checks(checks_folder)), text)
    if mutants_folder is not None:
        findings += _inspect_mutants(list(scan_mutants(mutants_folder)), text)
    return sorted(set(findings))


@dataclass(frozen=True, slots=True)
class _Text:
    """The chapters and what they may refer to."""

    root: Path
    version: str
    sources: tuple[ChapterSource, ...]
    catalogue: Catalogue
    registries: frozenset[str]
    schemas: SchemaSet

    @property
    def known_ids(self) -> frozenset[str]:
        """Identifiers that may be referred to, those of malformed requirements too."""
        malformed = (name for source in self.sources for name in source.malformed)
        return frozenset(self.catalogue.by_id).union(malformed)

    @property
    def elsewhere(self) -> frozenset[str]:
        """Identifiers of the other versions, which checks and mutants serve too."""
        found: set[str] = set()
        for version in versions(self.root):
            if version != self.version:
                found |= _ids(version, self.root)
        return frozenset(found)

    @property
    def threat_ids(self) -> frozenset[str]:
        return frozenset(threat.id for threat in self.catalogue.threats)

    def inspect(self) -> Iterator[Finding]:
        yield from self._chapters()
        retired = {item.id: item for item in self.catalogue.retired}
        for source in self.sources:
            for requirement in source.requirements:
                if requirement.id in retired:
                    gone = retired[requirement.id].since
                    message = f"expected a new identifier, got one that was retired in {gone}"
                    yield Finding(source.file, requirement.line, "id-retired", message)
                if source.family != requirement.id.partition("-")[0]:
                    message = f"expected the family {source.family} here, got {requirement.id}"
                    yield Finding(source.file, requirement.line, "id-family", message)
                yield from _sentence(source.file, requirement)
                yield from self._fence_references(source.file, requirement)
        yield from _cycles(self.catalogue, self.sources)
        yield from self._unanswered_threats()
        known = self.known_ids | self.threat_ids | frozenset(retired)
        yield from inspect_prose(self.sources, known, self.root)

    def _chapters(self) -> Iterator[Finding]:
        orders: dict[int, str] = {}
        families: dict[str, str] = {}
        for source in self.sources:
            other = orders.setdefault(source.order, source.file)
            if other != source.file:
                message = f"expected an order of its own, got that of {other}"
                yield Finding(source.file, 1, "chapter", message)
            if source.family is not None:
                other = families.setdefault(source.family, source.file)
                if other != source.file:
                    message = f"expected a family of its own, got that of {other}"
                    yield Finding(source.file, 1, "chapter", message)

    def _fence_references(self, file: str, source: RequirementSource) -> Iterator[Finding]:
        requirement = self.catalogue.by_id[source.id]

        def finding(pointer: str, rule: str, message: str) -> Finding:
            return Finding(file, source.fence.line(pointer), rule, message)

        if version_key(requirement.since) > version_key(self.version):
            message = f"expected a version up to {self.version}, got {requirement.since}"
            yield finding("/since", "since", message)
        for index, name in enumerate(requirement.depends_on):
            if mistake := self._prerequisite(requirement, name):
                rule = "dependency" if name in self.known_ids else "dangling-id"
                yield finding(f"/depends_on/{index}", rule, mistake)
        for index, name in enumerate(requirement.threats):
            if name not in self.threat_ids:
                message = f"expected a threat of the standard, got {name}"
                yield finding(f"/threats/{index}", "unknown-threat", message)
        for index, name in enumerate(requirement.schemas):
            if name not in self.schemas.contents:
                message = f"expected a schema of version {self.version}, got {name!r}"
                yield finding(f"/schemas/{index}", "dangling-schema", message)
        for index, name in enumerate(requirement.registries):
            if name not in self.registries:
                message = f"expected a registry of version {self.version}, got {name!r}"
                yield finding(f"/registries/{index}", "dangling-registry", message)
        if requirement.design is not None:
            for message in self._design(Design(requirement.design), requirement.excluded):
                yield finding("/design", "design", message)

    def _design(self, design: Design, excluded: str | None) -> Iterator[str]:
        """Say what is wrong with a design; one whose check is still to be built may be short."""
        if mistake := design.mistake():
            yield mistake
        elif excluded is None:
            sharing = sum(item.design is not None for item in self.catalogue.requirements)
            yield from shortfalls(design, sharing)

    def _prerequisite(self, requirement: Requirement, name: str) -> str | None:
        """Return what is wrong with a prerequisite, if anything."""
        if name not in self.known_ids:
            return f"expected a requirement of the standard, got {name}"
        prerequisite = self.catalogue.by_id.get(name)
        if prerequisite is None:
            return None
        if prerequisite.level > requirement.level:
            return (
                f"expected a prerequisite at {requirement.level} or below, "
                f"got {name} at {prerequisite.level}"
            )
        if prerequisite.verify != "test":
            return (
                f"expected a prerequisite that a test decides, got {name} ({prerequisite.verify})"
            )
        if prerequisite.excluded and not requirement.excluded:
            return f"expected a prerequisite that has a check, got {name} ({prerequisite.excluded})"
        return None

    def _unanswered_threats(self) -> Iterator[Finding]:
        cited = {name for item in self.catalogue.requirements for name in item.threats}
        for threat in self.catalogue.threats:
            if threat.id not in cited:
                message = f"expected a requirement that answers {threat.id}, found none"
                yield Finding(threat.file, threat.line, "threat-uncited", message)


@cache
def _ids(version: str, root: Path) -> frozenset[str]:
    sources = read_chapters(spec_folder(version, root), root, schema_set(version, root))
    return frozenset(catalogue_of(sources, version).by_id)


def _sentence(file: str, source: RequirementSource) -> Iterator[Finding]:
    text = visible_text(source.sentence)
    keywords = keywords_in(text)
    fence = source.fence.value
    declared = fence["keyword"] if isinstance(fence, dict) else None
    if not keywords:
        message = f"expected one BCP 14 keyword in the sentence of {source.id}, got none"
        yield Finding(file, source.sentence_line, "keyword-missing", message)
    elif len(keywords) > 1:
        message = f"expected one BCP 14 keyword, got {len(keywords)}: {', '.join(keywords)}"
        yield Finding(file, source.sentence_line, "keyword-several", message)
    elif keywords[0] != declared:
        message = f"expected {declared}, as the fence says, got {keywords[0]} in the sentence"
        yield Finding(file, source.sentence_line, "keyword-mismatch", message)
    if (count := sentence_count(text)) != 1:
        message = f"expected one sentence that ends in a full stop, got {count}"
        yield Finding(file, source.sentence_line, "sentence-count", message)
    if stray := keywords_in(visible_text(source.rationale)):
        message = f"expected no BCP 14 keyword in a rationale, got {', '.join(stray)}"
        yield Finding(file, source.rationale_line, "keyword-in-rationale", message)


def _cycles(catalogue: Catalogue, sources: Iterable[ChapterSource]) -> Iterator[Finding]:
    """Yield one finding for each circle of prerequisites, where the circle closes."""
    fences = {item.id: item.fence for source in sources for item in source.requirements}
    graph = {name: list(item.depends_on) for name, item in catalogue.by_id.items()}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            prerequisite, name = circle[0], circle[1]
            index = catalogue.by_id[name].depends_on.index(prerequisite)
            message = f"expected no circle of prerequisites, got {' -> '.join(reversed(circle))}"
            line = fences[name].line(f"/depends_on/{index}")
            yield Finding(catalogue.by_id[name].file, line, "dependency-cycle", message)
            graph[name].remove(prerequisite)
        else:
            return


def _inspect_checks(
    found: Sequence[CheckReference | CheckSourceError], text: _Text
) -> Iterator[Finding]:
    checked = {item.requirement for item in found if isinstance(item, CheckReference)}
    for item in found:
        file = _shown(item.file, text.root)
        if isinstance(item, CheckSourceError):
            yield Finding(file, item.line, "check-source", item.reason)
        elif rule_and_message := _misplaced(item.requirement, "check", text):
            yield Finding(file, item.line, *rule_and_message)
    for requirement in text.catalogue.requirements:
        is_due = requirement.verify == "test" and requirement.excluded is None
        if is_due and requirement.id not in checked:
            message = f"expected a check for {requirement.id}, or `excluded: pending X`, found none"
            yield Finding(requirement.file, requirement.line, "check-missing", message)


def _inspect_mutants(
    found: Sequence[MutantReference | CheckSourceError], text: _Text
) -> Iterator[Finding]:
    broken: set[str] = set()
    for item in found:
        file = _shown(item.file, text.root)
        if isinstance(item, CheckSourceError):
            yield Finding(file, item.line, "mutant-source", item.reason)
            continue
        broken.update(item.breaks)
        for name in item.breaks:
            if rule_and_message := _misplaced(name, "mutant", text):
                yield Finding(file, item.line, *rule_and_message)
    for requirement in text.catalogue.requirements:
        is_due = requirement.verify == "test" and requirement.excluded is None
        if is_due and requirement.id not in broken:
            message = f"expected a mutant that breaks {requirement.id}, found none"
            yield Finding(requirement.file, requirement.line, "mutant-missing", message)


def _misplaced(name: str, kind: str, text: _Text) -> tuple[str, str] | None:
    """Return rule and message when a check or mutant is for what no test decides."""
    requirement = text.catalogue.by_id.get(name)
    if requirement is None:
        if name in text.known_ids or name in text.elsewhere:
            return None
        return f"{kind}-unknown", f"expected a requirement of the standard, got {name!r}"
    if requirement.verify != "test":
        message = f"expected a requirement that a test decides, got {name} ({requirement.verify})"
        return f"{kind}-untestable", message
    if requirement.excluded is not None:
        message = f"expected no {kind} for {name}, which is excluded ({requirement.excluded})"
        return f"{kind}-excluded", message
    return None


def _shown(file: Path, root: Path) -> str:
    resolved, base = file.resolve(), root.resolve()
    return resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else str(file)
