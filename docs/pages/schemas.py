"""JSON Schemas as pages: every member with its type, whether it must be there, and its meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.specification.schemas import SchemaSet

from pages.links import requirement_link
from pages.schema_text import (
    Place,
    Schema,
    check_keywords,
    code,
    full,
    inner_objects,
    is_object,
    kind,
    limits,
    prose,
    rules,
)

__all__ = ["schema_index", "schema_pages"]

_ALTERNATIVES = {"oneOf": "exactly one of", "anyOf": "at least one of"}
_OPENAPI = ".openapi.json"


def schema_index(schemas: SchemaSet, catalogue: Catalogue) -> str:
    """Return the page that lists every schema."""
    lines = ["# Schemas", "", "| schema | what | requirements |", "| --- | --- | --- |"]
    for name in schemas.names:
        links = ", ".join(_naming(name, catalogue)) or "none by name"
        description = prose(schemas.contents[name]["description"])
        lines.append(f"| [{name}]({name}.md) | {description} | {links} |")
    for path in sorted(schemas.folder.glob(f"*{_OPENAPI}")):
        title = json.loads(path.read_text("utf-8"))["info"]["title"]
        place = f"schemas/{catalogue.version}/{path.name}"
        lines += ["", f"As OpenAPI: {prose(title)}, in {code(place)}."]
    return "\n".join(lines) + "\n"


def schema_pages(schemas: SchemaSet, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield name and page of every schema."""
    for name in schemas.names:
        schema = dict(schemas.contents[name])
        check_keywords(schema, name)
        lines = [f"# {schema['title']}", "", prose(schema["description"]), "", code(schema["$id"])]
        naming = _naming(name, catalogue)
        if naming:
            lines += ["", f"Named by {', '.join(naming)}."]
        if set(schema) - {"$schema", "$id", "$defs", "title", "description"}:
            lines += _described(schema, Place("document"), "The document", 2)
        for part, definition in schema.get("$defs", {}).items():
            lines += _described(definition, Place(part), part, 2)
        yield name, "\n".join([*lines, *_examples(schemas, name)]) + "\n"


def _naming(name: str, catalogue: Catalogue) -> list[str]:
    return [
        requirement_link(catalogue, item.id, "../standard/")
        for item in catalogue.requirements
        if name in item.schemas
    ]


def _described(schema: Schema, place: Place, title: str, level: int) -> Iterator[str]:
    """Yield the section of a part, and below it those of the objects inside it."""
    heading = title if level == 2 else code(title)
    yield from ("", f"{'#' * level} {heading} {{#{place}}}", "")
    if isinstance(schema, bool):
        yield kind(schema, place)
        return
    # The description of the document stands at the top of its page.
    if "description" in schema and place != "document":
        yield from (prose(schema["description"]), "")
    if is_object(schema):
        yield from _members(schema, place)
    else:
        yield from _value(schema, place)
    conditions = list(rules(schema))
    if conditions:
        yield from ("", *(f"- {condition}" for condition in conditions))
    name = "" if level == 2 else title
    for inner, inner_place, inner_title in inner_objects(schema, place, name):
        yield from _described(inner, inner_place, inner_title, 3)


def _value(schema: dict[str, Any], place: Place) -> Iterator[str]:
    """Yield what a value without members of its own is; alternatives are a list."""
    alone = {key: value for key, value in schema.items() if key not in _ALTERNATIVES}
    said = "; ".join(limits(alone, place))
    words = _first_upper(kind(alone, place)) + (f" ({said})" if said else "")
    if alone.get("type") == "object" and alone.get("unevaluatedProperties") is False:
        words += " without members"
    for keyword, quantity in _ALTERNATIVES.items():
        if keyword in schema:
            lead = "" if words == "Anything" else f"{words}, "
            yield from (_first_upper(f"{lead}{quantity}:"), "")
            for number, option in enumerate(schema[keyword], 1):
                yield f"- {full(option, place.inside(f'{keyword}-{number}'))}"
            return
    yield f"{words}."


def _first_upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _members(schema: dict[str, Any], place: Place) -> Iterator[str]:
    members = schema.get("properties", {})
    required = set(schema.get("required", ()))
    if "$ref" in schema:
        yield from (f"In addition to {kind({'$ref': schema['$ref']}, place)}:", "")
    yield from ("| member | type | required | meaning |", "| --- | --- | --- | --- |")
    for name, member in members.items():
        must = "yes" if name in required else "no"
        yield _row(code(name), member, place.inside(name), must)
    for pattern, member in schema.get("patternProperties", {}).items():
        yield _row(f"names like {code(pattern)}", member, place.inside(pattern), "no")
    other = schema.get("additionalProperties")
    if isinstance(other, dict):
        yield _row("any other name", other, place.inside("other"), "no")
    closed = other is False or schema.get("unevaluatedProperties") is False
    said = [_first_upper(words) for words in limits(schema, place)]
    missing = [code(name) for name in schema.get("required", ()) if name not in members]
    if missing:
        said.append(f"Required, too: {', '.join(missing)}")
    if closed:
        said.append("No other members")
    elif not isinstance(other, dict):
        said.append("Other members are allowed")
    yield from ("", " ".join(f"{words}." for words in said))


def _row(name: str, member: Schema, place: Place, must: str) -> str:
    meaning = []
    if isinstance(member, dict):
        meaning = [prose(member.get("description", ""))]
        said = [] if is_object(member) else limits(member, place)
        meaning += [f"({'; '.join(said)})"] if said else []
        meaning += [] if is_object(member) else [*rules(member)]
    text = " ".join(filter(None, meaning))
    return f"| {name} | {kind(member, place)} | {must} | {text} |"


def _examples(schemas: SchemaSet, name: str) -> Iterator[str]:
    valid = sorted((schemas.folder / "examples" / "valid" / name).glob("*.json"))
    invalid = sorted((schemas.folder / "examples" / "invalid" / name).glob("*.json"))
    if valid:
        yield from ("", "## Valid examples {#valid-examples data-search-exclude}")
    for path in valid:
        yield from _folded(path, _words(path))
    for path in invalid[:1]:
        yield from ("", "## Invalid example {#invalid-example data-search-exclude}", "")
        problems = schemas.problems(name, json.loads(path.read_text("utf-8")))
        yield f"It breaks the schema: {prose(str(problems[0]))}."
        yield from _folded(path, _words(path))


def _words(path: Path) -> str:
    return path.stem.replace("-", " ")


def _folded(path: Path, summary: str) -> Iterator[str]:
    text = path.read_text("utf-8").rstrip()
    yield from ("", '<details markdown="1">', f"<summary>{summary}</summary>", "")
    yield from ("````json", text, "````", "", "</details>")
