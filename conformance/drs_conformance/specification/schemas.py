"""The JSON Schemas of the standard, and what is wrong with a document under one of them.

The schemas refer to each other by relative references inside one registry that has no way to
retrieve anything: validation never touches the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from drs_conformance.specification.documents import DocumentError, load_document
from drs_conformance.specification.formats import check_pattern, format_checker
from drs_conformance.specification.location import latest_version, schema_folder, versions
from drs_conformance.specification.schema_problems import SchemaProblem, readable_problems

__all__ = [
    "DocumentError",
    "SchemaProblem",
    "SchemaSet",
    "UnknownSchemaError",
    "load_document",
    "problems",
    "schema_set",
    "stated_version",
]

_SUFFIX = ".schema.json"
_Validator: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": check_pattern}
)


class UnknownSchemaError(Exception):
    """No schema has the name that was asked for."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"expected the name of a schema, got {name!r}; known: {', '.join(known)}")
        self.name = name
        self.known = known


@dataclass(frozen=True, slots=True)
class SchemaSet:
    """All schemas of one version, by name: `declaration` is `declaration.schema.json`."""

    folder: Path
    contents: Mapping[str, Mapping[str, Any]]
    registry: Registry[Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the schemas, sorted."""
        return tuple(sorted(self.contents))

    def validator(self, name: str, pointer: str = "") -> Draft202012Validator:
        """Return a validator, with format checking, for a schema or for a part of one.

        `pointer` is a JSON Pointer into the schema.

        Raises:
            UnknownSchemaError: there is no schema of that name.

        """
        if name not in self.contents:
            raise UnknownSchemaError(name, self.names)
        identifier = self.contents[name]["$id"]
        return _Validator(
            {"$ref": f"{identifier}#{pointer}"} if pointer else self.contents[name],
            registry=self.registry,
            format_checker=format_checker(),
        )

    def problems(self, name: str, instance: object, pointer: str = "") -> list[SchemaProblem]:
        """Return what is wrong with `instance`, the most telling problem first."""
        return readable_problems(self.validator(name, pointer), instance)


def schema_set(version: str | None = None, root: Path | None = None) -> SchemaSet:
    """Return the schemas of a version (default: the newest), read once for each folder.

    Raises:
        StandardNotFoundError: the standard or the version is not there.
        DocumentError: a schema is not readable JSON.

    """
    return read_schemas(schema_folder(version, root).resolve())


@cache
def read_schemas(folder: Path) -> SchemaSet:
    """Read every `NAME.schema.json` of a folder."""
    contents = {
        path.name.removesuffix(_SUFFIX): cast(Mapping[str, Any], load_document(path))
        for path in sorted(folder.glob(f"*{_SUFFIX}"))
    }
    registry: Registry[Any] = Registry().with_resources(
        (content["$id"], DRAFT202012.create_resource(content)) for content in contents.values()
    )
    return SchemaSet(folder, contents, registry)


def problems(name: str, instance: object, version: str | None = None) -> list[SchemaProblem]:
    """Return what is wrong with `instance` under the schema `name`; nothing when it is valid.

    Without `version`, that which the instance names as its `drs_version` counts, and the newest
    where it names none that is known.
    """
    return schema_set(version or stated_version(instance)).problems(name, instance)


def stated_version(instance: object) -> str:
    """Return the version that a document names, or the newest."""
    named = instance.get("drs_version") if isinstance(instance, Mapping) else None
    return named if isinstance(named, str) and named in versions() else latest_version()
