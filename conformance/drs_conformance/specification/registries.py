"""The registries: lists of permitted values and limits that requirements refer to."""

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from drs_conformance.specification.documents import Document, DocumentError, read_document
from drs_conformance.specification.findings import Finding
from drs_conformance.specification.location import spec_folder, standard_root
from drs_conformance.specification.schemas import SchemaSet, schema_set

# Where a schema repeats the identifiers of a registry: registry, its list, the member that is
# repeated, the schema, and the pointer of the enumeration that repeats it.
_REPEATED = (
    ("ladder", "states", "id", "common", "/$defs/state/enum"),
    ("ladder", "states", "shown_as", "common", "/$defs/shown-state/enum"),
    ("evidence-kinds", "entries", "id", "common", "/$defs/evidence-kind/enum"),
    ("attack-classes", "entries", "id", "signature-extension", "/properties/attack_class/enum"),
    ("campaign-kinds", "entries", "id", "detector-card", "/$defs/recall/properties/kind/enum"),
    ("campaign-kinds", "entries", "id", "detector-card", "/properties/missed_kinds/items/enum"),
    (
        "escalation-criteria",
        "entries",
        "id",
        "escalation-dossier",
        "/properties/criteria/items/properties/criterion/enum",
    ),
    ("mechanisms", "entries", "id", "perturbation-parameters", "/properties/mechanism/enum"),
)


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry as written; `document` is `None` when it cannot be read or is not valid."""

    name: str
    file: str
    document: Document | None
    findings: tuple[Finding, ...]


class RegistryError(Exception):
    """A registry is not there or is not valid."""


@cache
def load_registry(
    name: str, version: str | None = None, root: Path | None = None
) -> Mapping[str, Any]:
    """Return the content of a registry, read once.

    Raises:
        StandardNotFoundError: the standard or the version is not there.
        RegistryError: there is no such registry, or it is malformed.

    """
    folder = spec_folder(version, root) / "registries"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in folder.glob("*.yaml")))
        raise RegistryError(f"expected the name of a registry, got {name!r}; known: {known}")
    registry = _read(path, root or standard_root(), schema_set(version, root))
    if registry.document is None:
        raise RegistryError("\n".join(map(str, registry.findings)))
    return cast(Mapping[str, Any], registry.document.value)


def read_registries(folder: Path, root: Path, schemas: SchemaSet) -> tuple[Registry, ...]:
    """Read every registry of a folder, by name, with what is wrong with each by itself."""
    return tuple(_read(path, root, schemas) for path in sorted(folder.glob("*.yaml")))


def inspect_registries(
    registries: tuple[Registry, ...], root: Path, schemas: SchemaSet
) -> Iterator[Finding]:
    """Yield what is wrong with registries by themselves and beside the schemas."""
    for registry in registries:
        yield from registry.findings
        if registry.document is not None:
            yield from _repeated_ids(registry.file, registry.document)
            if registry.name == "ladder":
                yield from _broken_ladder(registry.file, registry.document)
            if registry.name == "bounds":
                yield from _bounds_on_nothing(registry.file, registry.document, schemas)
    by_name = {registry.name: registry for registry in registries}
    for name, collection, member, schema, pointer in _REPEATED:
        if name in by_name:
            place = (schema, pointer)
            yield from _out_of_step(by_name[name], collection, member, place, root, schemas)


def _read(path: Path, root: Path, schemas: SchemaSet) -> Registry:
    file = path.relative_to(root).as_posix()
    try:
        document = read_document(path)
    except DocumentError as error:
        return Registry(
            path.stem, file, None, (Finding(file, error.line, "registry", error.reason),)
        )
    findings = []
    for problem in schemas.problems("registry", document.value):
        pointer = problem.pointer
        if problem.keyword == "unevaluatedProperties" and problem.members:
            pointer = f"{pointer}/{problem.members[0]}"
        message = f"{problem.pointer.lstrip('/') or 'registry'}: {problem.message}"
        findings.append(Finding(file, document.line(pointer), "registry", message))
    if findings:
        return Registry(path.stem, file, None, tuple(findings))
    value = cast(Mapping[str, Any], document.value)
    expected = {"registry": path.stem, "version": path.parents[1].name}
    for member, wanted in expected.items():
        if value[member] != wanted:
            message = f"expected {member} {wanted!r}, as the path says, got {value[member]!r}"
            findings.append(Finding(file, document.line(f"/{member}"), "registry", message))
    return Registry(path.stem, file, document, tuple(findings))


def _repeated_ids(file: str, document: Document) -> Iterator[Finding]:
    for collection, entries in cast(Mapping[str, Any], document.value).items():
        if not isinstance(entries, list):
            continue
        seen: Counter[str] = Counter()
        for index, entry in enumerate(entries):
            seen[entry["id"]] += 1
            if seen[entry["id"]] == 2:
                line = document.line(f"/{collection}/{index}/id")
                message = f"expected each id of {collection} once, got {entry['id']!r} again"
                yield Finding(file, line, "registry", message)


def _broken_ladder(file: str, document: Document) -> Iterator[Finding]:
    ladder = cast(Mapping[str, Any], document.value)
    states = {state["id"] for state in ladder["states"]}
    places = [("/initial", ladder["initial"])]
    places += [(f"/states/{i}/shown_as", s["shown_as"]) for i, s in enumerate(ladder["states"])]
    for index, transition in enumerate(ladder["transitions"]):
        places += [(f"/transitions/{index}/{end}", transition[end]) for end in ("from", "to")]
    for pointer, state in places:
        if state not in states:
            message = f"expected a state of the ladder, got {state!r}"
            yield Finding(file, document.line(pointer), "registry", message)


def _bounds_on_nothing(file: str, document: Document, schemas: SchemaSet) -> Iterator[Finding]:
    declaration = schemas.contents["declaration"]
    for index, bound in enumerate(cast(Mapping[str, Any], document.value)["bounds"]):
        parts = bound["declared_at"].split("/")[1:]
        if not _declares(declaration, parts, declaration):
            line = document.line(f"/bounds/{index}/declared_at")
            message = f"expected a part of the declaration, got {bound['declared_at']!r}"
            yield Finding(file, line, "registry", message)


def _declares(schema: Mapping[str, Any], parts: list[str], root: Mapping[str, Any]) -> bool:
    """Tell whether a schema knows the part at `parts`, in which `*` stands for every member."""
    if not parts:
        return True
    reference = schema.get("$ref", "")
    if reference.startswith("#/$defs/"):
        return _declares(root["$defs"][reference.removeprefix("#/$defs/")], parts, root)
    if parts[0] == "*":
        inner = (
            [schema["items"]] if "items" in schema else list(schema.get("properties", {}).values())
        )
    else:
        inner = [part for name, part in schema.get("properties", {}).items() if name == parts[0]]
    return any(_declares(part, parts[1:], root) for part in inner)


def _out_of_step(
    registry: Registry,
    collection: str,
    member: str,
    place: tuple[str, str],
    root: Path,
    schemas: SchemaSet,
) -> Iterator[Finding]:
    if registry.document is None:
        return
    schema, pointer = place
    entries = cast(Mapping[str, Any], registry.document.value)[collection]
    listed = [entry[member] for entry in entries]
    permitted = functools.reduce(
        lambda part, name: part[name], pointer.split("/")[1:], schemas.contents[schema]
    )
    reported = set(permitted)
    for index, value in enumerate(listed):
        if value not in reported:
            reported.add(value)
            line = registry.document.line(f"/{collection}/{index}/{member}")
            message = f"{value!r} is missing at {pointer} of {schema}.schema.json"
            yield Finding(registry.file, line, "registry-enum", message)
    path = schemas.folder / f"{schema}.schema.json"
    for index, value in enumerate(permitted):
        if value not in listed:
            line = read_document(path).line(f"{pointer}/{index}")
            message = f"{value!r} at {pointer} is missing in the registry {registry.name}"
            file = path.relative_to(root.resolve()).as_posix()
            yield Finding(file, line, "registry-enum", message)
