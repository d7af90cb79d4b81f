"""What differs between two texts of the standard: two versions, or one before and after an edit."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from drs_conformance.specification.catalogue import Catalogue, Requirement, Threat, load_catalogue
from drs_conformance.specification.documents import load_document
from drs_conformance.specification.location import schema_folder, spec_folder
from drs_conformance.specification.schemas import SchemaSet, read_schemas
from drs_conformance.specification.versioning.opening import renumbered
from drs_conformance.specification.versioning.schema_change import Comparison

# What is demanded, and so in the digest; what explains or places.
_DEMANDED = (
    "sentence",
    "keyword",
    "applies_to",
    "verify",
    "core",
    "depends_on",
    "schemas",
    "registries",
    "design",
)
_EDITORIAL = ("title", "rationale", "threats", "attested_by", "evidence", "excluded", "chapter")
Verdict = Literal["added", "removed", "breaking", "compatible"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the standard: what is compared."""

    catalogue: Catalogue
    schemas: SchemaSet
    registries: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, version: str, root: Path) -> "Text":
        """Read a version below `root`. Raises what `load_catalogue` raises, and DocumentError."""
        folder = spec_folder(version, root) / "registries"
        registries: dict[str, Any] = {
            path.stem: load_document(path) for path in sorted(folder.glob("*.yaml"))
        }
        # Read afresh: the same path may hold another text than a moment ago.
        schemas = read_schemas.__wrapped__(schema_folder(version, root).resolve())
        return cls(load_catalogue(version, root), schemas, registries)


@dataclass(frozen=True, slots=True)
class Changed:
    """A requirement before and after, and the members that differ."""

    old: Requirement
    new: Requirement
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A requirement that is gone; `reason` is None when the text does not say why."""

    old: Requirement
    reason: str | None


@dataclass(frozen=True, slots=True)
class SchemaVerdict:
    """A schema that differs. `reasons` say why it is breaking."""

    name: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """Entries of a registry that differ, by identifier."""

    name: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs. `faults` are what may not happen between two versions."""

    old: str
    new: str
    added: tuple[Requirement, ...]
    retired: tuple[Withdrawn, ...]
    relevelled: tuple[Changed, ...]
    changed: tuple[Changed, ...]
    editorial: tuple[Changed, ...]
    threats_added: tuple[Threat, ...]
    threats_removed: tuple[Threat, ...]
    schemas: tuple[SchemaVerdict, ...]
    registries: tuple[RegistryChange, ...]
    faults: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not any(
            getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in ("old", "new", "faults")
        )

    @property
    def schema_verdict(self) -> Verdict | None:
        """The verdict on the schemas together; None when none changed."""
        verdicts = {item.verdict for item in self.schemas}
        if not verdicts:
            return None
        return "breaking" if verdicts & {"breaking", "removed"} else "compatible"


def difference(old: Text, new: Text) -> Difference:
    """Compare two texts."""
    before, after = old.catalogue, new.catalogue
    told = {item.id: item.reason for item in after.retired}
    retired = tuple(
        Withdrawn(item, told.get(item.id))
        for item in before.requirements
        if item.id not in after.by_id
    )
    both = [
        _changed(item, after.by_id[item.id])
        for item in before.requirements
        if item.id in after.by_id
    ]
    demanded = [item for item in both if set(item.members) & {*_DEMANDED, "level"}]
    threats_before = {item.id: item for item in before.threats}
    threats_after = {item.id: item for item in after.threats}
    return Difference(
        old=before.version,
        new=after.version,
        added=tuple(item for item in after.requirements if item.id not in before.by_id),
        retired=retired,
        relevelled=tuple(item for item in demanded if "level" in item.members),
        changed=tuple(item for item in demanded if set(item.members) & set(_DEMANDED)),
        editorial=tuple(item for item in both if item.members and item not in demanded),
        threats_added=tuple(t for name, t in threats_after.items() if name not in threats_before),
        threats_removed=tuple(t for name, t in threats_before.items() if name not in threats_after),
        schemas=tuple(_schemas(old, new)),
        registries=tuple(_registries(old.registries, new.registries)),
        faults=tuple(_faults(before, after, retired)),
    )


def _changed(old: Requirement, new: Requirement) -> Changed:
    unordered = ("applies_to", "depends_on", "schemas", "registries", "threats")
    members = []
    for name in ("level", *_DEMANDED, *_EDITORIAL):
        before, after = getattr(old, name), getattr(new, name)
        if name in unordered:
            before, after = sorted(before), sorted(after)
        if before != after:
            members.append(name)
    return Changed(old, new, tuple(members))


def _faults(before: Catalogue, after: Catalogue, retired: tuple[Withdrawn, ...]) -> Iterator[str]:
    for item in retired:
        if item.reason is None:
            yield (
                f"{item.old.id} is gone without a word; list it in a fence `yaml retired` with the "
                "version and the reason"
            )
    gone = {item.id for item in before.retired}
    for requirement in after.requirements:
        if requirement.id in gone:
            yield (
                f"{requirement.file}:{requirement.line}: {requirement.id} was retired before and "
                "is used again; take a new identifier"
            )
    for name in sorted(gone - {item.id for item in after.retired} - after.by_id.keys()):
        yield f"{name} was retired before and is not listed as retired any more"


def _schemas(old: Text, new: Text) -> Iterator[SchemaVerdict]:
    versions = (old.catalogue.version, new.catalogue.version)

    def renumber(document: Any) -> Any:
        return json.loads(renumbered(json.dumps(document), *versions, ".json"))

    comparison = Comparison(old.schemas, new.schemas, renumber)
    for name in sorted({*old.schemas.names, *new.schemas.names}):
        if name not in old.schemas.contents:
            yield SchemaVerdict(name, "added")
        elif name not in new.schemas.contents:
            yield SchemaVerdict(name, "removed")
        else:
            reasons = [str(item) for item in comparison.breaks(name)]
            reasons += _examples(name, old, new, renumber)
            if reasons:
                yield SchemaVerdict(name, "breaking", tuple(reasons))
            elif comparison.is_changed(name):
                yield SchemaVerdict(name, "compatible")


def _examples(name: str, old: Text, new: Text, renumber: Any) -> Iterator[str]:
    """Yield what the new schema says against examples that are valid under the old one."""
    for path in sorted(old.schemas.folder.glob(f"examples/valid/{name}/*.json")):
        faults = new.schemas.problems(name, renumber(load_document(path)))
        if faults:
            yield f"the example {path.name} is not valid any more: {faults[0]}"


def _registries(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]
) -> Iterator[RegistryChange]:
    for name in sorted(old.keys() | new.keys()):
        before, after = _entries(old.get(name, {})), _entries(new.get(name, {}))
        change = RegistryChange(
            name,
            added=tuple(key for key in after if key not in before),
            removed=tuple(key for key in before if key not in after),
            changed=tuple(k for k in after if k in before and after[k] != before[k]),
        )
        if change.added or change.removed or change.changed:
            yield change


def _entries(registry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a registry holds, by `id` in lists and by name for the rest."""
    entries: dict[str, Any] = {}
    for name, value in registry.items():
        if isinstance(value, list):
            for entry in value:
                key = entry["id"] if "id" in entry else json.dumps(entry, sort_keys=True)
                entries[f"{name}/{key}" if name != "entries" else key] = entry
        elif name != "version":
            entries[name] = value
    return entries
