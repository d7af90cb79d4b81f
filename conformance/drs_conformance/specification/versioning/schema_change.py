"""Whether a schema changed so that what was valid stays valid.

*Compatible* means that every document which was valid before is valid now. The comparison is by
structure and errs on one side only: what it cannot show to be compatible, it calls breaking. Every
keyword of JSON Schema 2020-12 narrows, so one that is gone widens, but for those that act on what
others left over, which are compared together.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drs_conformance.specification.schemas import SchemaSet

_Schema = Mapping[str, Any] | bool
_ANNOTATIONS = frozenset(
    {
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "default",
        "deprecated",
        "description",
        "examples",
        "readOnly",
        "title",
        "writeOnly",
    }
)
_FLOORS = frozenset({"minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"})
_CEILINGS = frozenset({"maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"})
_BRANCHES = ("if", "then", "else")
_OBJECTS = ("properties", "patternProperties", "additionalProperties", "unevaluatedProperties")
_LISTS = ("prefixItems", "items", "unevaluatedItems")


@dataclass(frozen=True, slots=True, order=True)
class SchemaChange:
    """What makes a change breaking: the schema, a JSON Pointer into it, and why."""

    schema: str
    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"{self.schema}{self.pointer or '/'}: {self.reason}"


class Comparison:
    """Two sets of schemas beside each other. `renumber` gives an old text its new version."""

    def __init__(self, old: SchemaSet, new: SchemaSet, renumber: Callable[[Any], Any]) -> None:
        self._old = {name: renumber(old.contents[name]) for name in old.names}
        self._new = new.contents
        self._seen: set[tuple[str, str, str, str]] = set()

    def is_changed(self, name: str) -> bool:
        """Tell whether a schema says anything else, descriptions included."""
        return bool(self._old[name] != self._new[name])

    def breaks(self, name: str) -> list[SchemaChange]:
        """Return what makes a schema, with all that it refers to, breaking; sorted."""
        self._seen = set()
        found = self._schema(self._old[name], self._new[name], (name, ""), (name, ""))
        return sorted(set(found))

    def _schema(
        self, old: _Schema, new: _Schema, was: tuple[str, str], now: tuple[str, str]
    ) -> Iterator[SchemaChange]:
        if (*was, *now) in self._seen or new is True or old is False:
            return
        self._seen.add((*was, *now))
        if isinstance(new, bool) or isinstance(old, bool):
            narrowed = new is False or any(key not in _ANNOTATIONS for key in new)
            if narrowed:
                yield SchemaChange(*now, "anything was permitted before")
            return
        for keyword in new.keys() | old.keys():
            if keyword in _ANNOTATIONS or keyword in (*_OBJECTS, *_LISTS, *_BRANCHES):
                continue
            if keyword in new:
                yield from self._keyword(keyword, old, new, was, now)
        yield from self._members(old, new, was, now)
        yield from self._list(old, new, was, now)
        before = {key: old.get(key) for key in _BRANCHES}
        after = {key: new.get(key) for key in _BRANCHES}
        if before != after and any(value is not None for value in after.values()):
            yield SchemaChange(*now, "the condition (if, then, else) changed")

    def _keyword(
        self,
        keyword: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        was: tuple[str, str],
        now: tuple[str, str],
    ) -> Iterator[SchemaChange]:
        after, before = new[keyword], old.get(keyword)
        place = (now[0], f"{now[1]}/{keyword}")
        here = (was[0], f"{was[1]}/{keyword}")
        if keyword == "$ref":
            yield from self._reference(old, after, was, now)
        elif keyword in ("allOf", "anyOf", "oneOf"):
            yield from self._alternatives(keyword, before, after, here, place)
        elif keyword in ("enum", "const"):
            permitted = _values(old)
            gone = [v for v in permitted or () if v not in (_values(new) or ())]
            if permitted is None:
                yield SchemaChange(*place, "only listed values are permitted now")
            elif gone:
                listed = ", ".join(map(repr, gone))
                yield SchemaChange(*place, f"{listed} is not permitted any more")
        elif keyword == "type":
            missing = _types(before) - _types(after)
            if missing:
                listed = ", ".join(sorted(missing))
                yield SchemaChange(*place, f"{listed} is not permitted any more")
        elif keyword == "required":
            for name in sorted(set(after) - set(before or ())):
                yield SchemaChange(*place, f"{name!r} is required now")
        elif keyword in _FLOORS:
            if before is None or after > before:
                yield SchemaChange(*place, f"was {_shown(before)}, is at least {after} now")
        elif keyword in _CEILINGS:
            if before is None or after < before:
                yield SchemaChange(*place, f"was {_shown(before)}, is at most {after} now")
        elif keyword == "uniqueItems":
            if after and not before:
                yield SchemaChange(*place, "repeated items are not permitted any more")
        elif after != before:
            yield SchemaChange(*place, f"{keyword} changed")

    def _reference(
        self, old: Mapping[str, Any], after: str, was: tuple[str, str], now: tuple[str, str]
    ) -> Iterator[SchemaChange]:
        target = _followed(after, now[0])
        resolved = _at(self._new, target)
        if "$ref" in old:
            source = _followed(old["$ref"], was[0])
            yield from self._schema(_at(self._old, source), resolved, source, target)
        else:
            # What stood here was moved to a definition of its own.
            yield from self._schema(old, resolved, was, target)

    def _alternatives(
        self,
        keyword: str,
        before: list[_Schema] | None,
        after: list[_Schema],
        was: tuple[str, str],
        now: tuple[str, str],
    ) -> Iterator[SchemaChange]:
        before = before or []
        if not before:
            yield SchemaChange(*now, f"{keyword} was not there before")
            return
        for number, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from self._schema(
                one, other, (was[0], f"{was[1]}/{number}"), (now[0], f"{now[1]}/{number}")
            )
        fewer, more = len(after) < len(before), len(after) > len(before)
        if keyword == "allOf" and more:
            yield SchemaChange(*now, "another condition was added")
        if keyword != "allOf" and fewer:
            yield SchemaChange(*now, "an alternative is gone")
        if keyword == "oneOf" and after != before:
            # A document may be valid under one alternative only; a value that tells them apart
            # keeps it so.
            resolved = [self._resolved(item, now[0]) for item in after]
            if not _told_apart(resolved):
                yield SchemaChange(*now, "an alternative changed, and no constant tells them apart")

    def _resolved(self, schema: _Schema, name: str) -> _Schema:
        while isinstance(schema, Mapping) and "$ref" in schema:
            place = _followed(schema["$ref"], name)
            schema, name = _at(self._new, place), place[0]
        return schema

    def _members(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        was: tuple[str, str],
        now: tuple[str, str],
    ) -> Iterator[SchemaChange]:
        before, after = old.get("properties", {}), new.get("properties", {})
        rest_before, rest_after = _rest(old), _rest(new)
        for name in sorted(before.keys() & after.keys()):
            pointer = f"/properties/{name}"
            yield from self._schema(
                before[name],
                after[name],
                (was[0], was[1] + pointer),
                (now[0], now[1] + pointer),
            )
        for name in sorted(before.keys() - after.keys()):
            if rest_after is not True:
                yield SchemaChange(*now, f"the member {name!r} is not known any more")
        for name in sorted(after.keys() - before.keys()):
            if rest_before is not False and after[name] is not True:
                place = (now[0], f"{now[1]}/properties/{name}")
                yield SchemaChange(*place, "any value was permitted here before")
        place = (now[0], f"{now[1]}/additionalProperties")
        if old.get("patternProperties") != new.get("patternProperties"):
            yield SchemaChange(*now, "patternProperties changed")
        if rest_before is not False and rest_after is not True and rest_before != rest_after:
            yield SchemaChange(*place, "other members are not permitted as before")

    def _list(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        was: tuple[str, str],
        now: tuple[str, str],
    ) -> Iterator[SchemaChange]:
        if "items" in new and set(old) & {"prefixItems"} == set(new) & {"prefixItems"}:
            here, place = (was[0], f"{was[1]}/items"), (now[0], f"{now[1]}/items")
            yield from self._schema(old.get("items", True), new["items"], here, place)
        for keyword in ("prefixItems", "unevaluatedItems"):
            if old.get(keyword) != new.get(keyword):
                yield SchemaChange(*now, f"{keyword} changed")


def _values(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the values that a schema lists, or None when it lists none."""
    if "const" in schema:
        return [schema["const"]]
    listed: list[Any] | None = schema.get("enum")
    return listed


def _types(value: Any) -> set[str]:
    if value is None:
        return {"anything"}
    types = {value} if isinstance(value, str) else set(value)
    return types | {"integer"} if "number" in types else types


def _rest(schema: Mapping[str, Any]) -> Any:
    """Return what holds for members that are not listed."""
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        if keyword in schema:
            return schema[keyword]
    return True


def _shown(bound: Any) -> str:
    return "not bounded" if bound is None else str(bound)


def _told_apart(alternatives: list[_Schema]) -> bool:
    """Tell whether each alternative requires some member with a constant of its own."""
    schemas = [item for item in alternatives if isinstance(item, Mapping)]
    if len(schemas) != len(alternatives) or not schemas:
        return False
    for name in schemas[0].get("required", []):
        values = [
            item.get("properties", {}).get(name, {}).get("const")
            for item in schemas
            if name in item.get("required", [])
        ]
        if (
            len(values) == len(schemas)
            and None not in values
            and len({*map(str, values)}) == len(values)
        ):
            return True
    return False


def _followed(reference: str, name: str) -> tuple[str, str]:
    """Return schema and pointer that a relative reference from the schema `name` leads to."""
    file, _, pointer = reference.partition("#")
    return (file.removesuffix(".schema.json") if file else name), pointer


def _at(schemas: Mapping[str, Any], place: tuple[str, str]) -> Any:
    name, pointer = place
    part = schemas[name]
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        part = part[int(key)] if isinstance(part, list) else part[key]
    return part
