"""What a JSON Schema asks for, in words: kinds, limits and rules, as inline Markdown.

Every keyword has words here or the build stops, so that no page leaves a demand out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["Place", "check_keywords", "code", "inner_objects", "kind", "limits", "prose", "rules"]

Schema = dict[str, Any] | bool
_SUFFIX = ".schema.json"
_OBJECT = {"properties", "patternProperties", "additionalProperties"}
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} members",
    "maxProperties": "at most {} members",
}
_IN_CODE = {"pattern": "matches {}", "format": "format {}", "default": "{} where it is left out"}
_IN_CODE |= {"contentEncoding": "encoded as {}", "contentMediaType": "media type {}"}
_COUNTED = ("item", "items", "member", "members", "character", "characters")
_ARTICLES = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
}
_KNOWN = {
    *("$schema", "$id", "$ref", "$defs", "$comment", "title", "description", "type"),
    *("const", "enum", "oneOf", "anyOf", "allOf", "not", "if", "then", "else"),
    *("required", "propertyNames", "dependentRequired", "dependentSchemas"),
    *("items", "prefixItems", "uniqueItems", "contains", "minContains", "maxContains"),
    *("unevaluatedProperties", "unevaluatedItems", "examples", "deprecated"),
    *_OBJECT,
    *_LIMITS,
    *_IN_CODE,
}


class Place(str):
    """Where a part of a schema is described: an anchor on its page."""

    def inside(self, name: str) -> Place:
        """Return the place of a part of this part."""
        return Place(f"{self}-{re.sub('[^A-Za-z0-9_]+', '-', name).strip('-') or 'part'}")


def check_keywords(schema: Schema, where: str) -> None:
    """Stop at a keyword that has no words here.

    Raises:
        ValueError: the schema uses such a keyword.

    """
    if isinstance(schema, bool):
        return
    unknown = set(schema) - _KNOWN
    if unknown:
        raise ValueError(f"expected words for {', '.join(sorted(unknown))}, found none: {where}")
    for name, value in schema.items():
        for part, inner in _subschemas(name, value):
            check_keywords(inner, f"{where}/{name}{part}")


def _subschemas(name: str, value: Any) -> Iterator[tuple[str, Schema]]:
    if name in {"$defs", "properties", "patternProperties", "dependentSchemas"}:
        yield from ((f"/{part}", inner) for part, inner in value.items())
    elif name in {"oneOf", "anyOf", "allOf", "prefixItems"}:
        yield from ((f"/{number}", inner) for number, inner in enumerate(value))
    elif name not in {"const", "enum", "default", "examples", "dependentRequired"} and isinstance(
        value, (dict, bool)
    ):
        yield "", value


def code(value: object) -> str:
    """Return a value in code style; what Markdown or a table would take as its own is escaped."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    safe = "".join(c if c.isalnum() or c in " .,:/" else f"&#{ord(c)};" for c in text)
    return f"<code>{safe}</code>"


def prose(text: str) -> str:
    """Return a description as inline Markdown, on one line."""
    parts = text.replace("\n", " ").split("`")
    for number, part in enumerate(parts):
        if number % 2:
            parts[number] = code(part)
        else:
            parts[number] = re.sub(r"[|*_<\[\]{}\\]", lambda found: f"&#{ord(found[0])};", part)
    return "".join(parts)


def is_object(schema: Schema) -> bool:
    """Return whether a part has members that need a table of their own."""
    if isinstance(schema, bool):
        return False
    return bool(schema.get("properties")) or any(
        isinstance(schema.get(name), dict) for name in ("patternProperties", "additionalProperties")
    )


def inner_objects(schema: Schema, place: Place, name: str) -> Iterator[tuple[Schema, Place, str]]:
    """Yield the parts that need a table of their own: schema, place, and name for people."""
    if isinstance(schema, bool):
        return
    for member, inner in schema.get("properties", {}).items():
        yield from _reached(inner, place.inside(member), f"{name}.{member}" if name else member)
    for pattern, inner in schema.get("patternProperties", {}).items():
        yield from _reached(inner, place.inside(pattern), f"{name}.{pattern}")
    if "additionalProperties" in schema:
        yield from _reached(schema["additionalProperties"], place.inside("other"), f"{name}.*")
    yield from _other_parts(schema, place, name)


def _other_parts(
    schema: dict[str, Any], place: Place, name: str
) -> Iterator[tuple[Schema, Place, str]]:
    if "items" in schema:
        yield from _reached(schema["items"], place.inside("item"), f"{name}[]")
    for number, inner in enumerate(schema.get("prefixItems", ())):
        yield from _reached(inner, place.inside(f"item-{number}"), f"{name}[{number}]")
    for keyword in ("oneOf", "anyOf", "allOf"):
        for number, inner in enumerate(schema.get(keyword, ()), 1):
            if "$ref" not in inner and "if" not in inner:
                title = f"{name}, option {number}" if keyword != "allOf" else f"{name}, {number}"
                yield from _reached(inner, place.inside(f"{keyword}-{number}"), title.strip(", "))


def _reached(schema: Schema, place: Place, name: str) -> Iterator[tuple[Schema, Place, str]]:
    if is_object(schema):
        yield schema, place, name
    else:
        yield from inner_objects(schema, place, name)


def kind(schema: Schema, place: Place) -> str:
    """Return what a value is, with links to where its parts are described."""
    if isinstance(schema, bool):
        return "anything" if schema else "nothing"
    found = [words for words in _kinds(schema, place) if words]
    return ", ".join(dict.fromkeys(found)) or "anything"


def _kinds(schema: dict[str, Any], place: Place) -> Iterator[str]:
    if "$ref" in schema:
        also = clauses({"properties": schema["properties"]}) if is_object(schema) else []
        yield _reference(schema["$ref"]) + (f" where {_joined(also)}" if also else "")
    if "const" in schema:
        yield code(schema["const"])
    elif "enum" in schema:
        yield " or ".join(code(value) for value in schema["enum"])
    elif is_object(schema):
        if "$ref" not in schema:
            yield f"[object](#{place})"
    elif "type" in schema or "items" in schema or "prefixItems" in schema:
        yield _type(schema, place)
    for keyword in ("oneOf", "anyOf"):
        options = [
            full(inner, place.inside(f"{keyword}-{number}"))
            for number, inner in enumerate(schema.get(keyword, ()), 1)
        ]
        yield " or ".join(options)
    for number, inner in enumerate(schema.get("allOf", ()), 1):
        if "if" not in inner and (set(inner) & {"$ref", "type", "enum", "const", "properties"}):
            yield full(inner, place.inside(f"allOf-{number}"))


def _reference(reference: str) -> str:
    file, _, pointer = reference.partition("#")
    part = pointer.rpartition("/")[2]
    name = file.removesuffix(_SUFFIX)
    page = f"{name}.md" if file else ""
    return f"[{part or name}]({page}{'#' + part if part else '' if file else '#document'})"


def _type(schema: dict[str, Any], place: Place) -> str:
    said = schema.get("type", "array")
    words = " or ".join(said) if isinstance(said, list) else str(said)
    if schema.get("prefixItems"):
        first = [
            full(inner, place.inside(f"item-{number}"))
            for number, inner in enumerate(schema["prefixItems"])
        ]
        rest = schema.get("items", True)
        if rest is False:
            return f"{words} of exactly: {', then '.join(first)}"
        return f"{words} of: {', then '.join(first)}, then {kind(rest, place.inside('item'))}"
    if "items" in schema:
        words += f" of {full(schema['items'], place.inside('item'))}"
    return words


def full(schema: Schema, place: Place) -> str:
    """Return kind, limits and description of a value in one phrase."""
    if isinstance(schema, bool):
        return kind(schema, place)
    words = kind(schema, place)
    said = limits(schema, place)
    if said:
        words += f" ({'; '.join(said)})"
    if schema.get("description") and not is_object(schema):
        words += f": {prose(schema['description'].rstrip('.'))}"
    return words


def limits(schema: Schema, place: Place) -> list[str]:
    """Return what a value has to satisfy beside its kind, a phrase each."""
    if isinstance(schema, bool):
        return []
    said = [_count(form, schema[name]) for name, form in _LIMITS.items() if name in schema]
    said += [form.format(code(schema[name])) for name, form in _IN_CODE.items() if name in schema]
    if schema.get("uniqueItems"):
        said.append("no item twice")
    if "contains" in schema:
        least, most = schema.get("minContains", 1), schema.get("maxContains")
        many = f"at least {least}" if most is None else f"{least} to {most}"
        said.append(f"{many} of the items: {full(schema['contains'], place.inside('contains'))}")
    if "propertyNames" in schema:
        said.append(f"names of members: {full(schema['propertyNames'], place.inside('name'))}")
    if "not" in schema and not is_object(schema):
        said.append(_not(schema["not"]))
    if schema.get("deprecated"):
        said.append("deprecated")
    return said


def _count(form: str, value: float) -> str:
    if form == _LIMITS["maxItems"] and value == 0:
        return "empty"
    words = form.format(value)
    return words.removesuffix("s") if value == 1 and words.endswith("s") else words


def _not(schema: Schema) -> str:
    if schema in (True, {}):
        return "must be left out"
    return f"not: {_joined(clauses(schema))}"


def rules(schema: Schema) -> Iterator[str]:
    """Yield the conditions on an object, a sentence each."""
    if isinstance(schema, bool):
        return
    if "if" in schema:
        yield _condition(schema)
    for name, others in schema.get("dependentRequired", {}).items():
        yield f"Where {code(name)} is there: {_joined([f'{code(o)} is there' for o in others])}."
    for name, inner in schema.get("dependentSchemas", {}).items():
        yield f"Where {code(name)} is there: {_joined(clauses(inner))}."
    if "not" in schema and is_object(schema):
        yield f"Never: {_joined(clauses(schema['not']))}."
    for keyword, words in (("anyOf", "At least one of these holds"), ("oneOf", "Exactly one")):
        options = schema.get(keyword, ())
        if is_object(schema) and options:
            said = "; or ".join(_joined(clauses(option)) for option in options)
            yield f"{words}: {said}."
    for inner in schema.get("allOf", ()):
        if "$ref" not in inner and not is_object(inner):
            yield from rules(inner)
            if "if" not in inner and "required" in inner:
                yield f"{_joined(clauses(inner))}."
        elif "if" in inner or "not" in inner:
            yield from rules(inner)


def _condition(schema: dict[str, Any]) -> str:
    when = _joined(clauses(schema["if"]))
    then, otherwise = schema.get("then", {}), schema.get("else", {})
    if not clauses(then):
        return f"Unless {when}: {_joined(clauses(otherwise))}."
    words = f"If {when}: {_joined(clauses(then))}"
    return (
        f"{words}; otherwise: {_joined(clauses(otherwise))}." if clauses(otherwise) else f"{words}."
    )


def clauses(schema: Schema) -> list[str]:
    """Return what a part of a condition says of an object, a clause for each demand."""
    if isinstance(schema, bool):
        return [] if schema else ["this never holds"]
    said = []
    if "$ref" in schema:
        said.append(f"it is {_reference(schema['$ref'])}")
    said += [
        f"{code(name)} {_predicate(inner)}" for name, inner in schema.get("properties", {}).items()
    ]
    named = schema.get("properties", {})
    said += [f"{code(n)} is there" for n in schema.get("required", ()) if n not in named]
    for keyword, glue in (("anyOf", " or "), ("oneOf", " or else "), ("allOf", " and ")):
        options = [_joined(clauses(inner)) for inner in schema.get(keyword, ())]
        if any(options):
            said.append(f"({glue.join(filter(None, options))})")
    if "if" in schema:
        said.append(_condition(schema).rstrip("."))
    if "not" in schema:
        said.append(f"not ({_joined(clauses(schema['not']))})")
    other = [f"there are {words}" for words in limits(_without(schema, "not"), Place("part"))]
    if not said or other:
        said += other
    if not said and set(schema) & {"type", "enum", "const"}:
        said.append(f"it is {kind(schema, Place('part'))}")
    return said


def _predicate(schema: Schema) -> str:
    if schema is False or (isinstance(schema, dict) and schema.get("not") in (True, {})):
        return "is left out"
    if schema is True or not schema:
        return "is there"
    if is_object(schema) or "required" in schema:
        return f"has: {_joined(clauses(schema))}"
    words = []
    if set(schema) & {"$ref", "const", "enum", "type", "items", "prefixItems", "oneOf", "anyOf"}:
        said = kind(schema, Place("part"))
        words.append(f"is {_ARTICLES.get(said, said)}")
    for said in limits(schema, Place("part")):
        words.append(f"has {said}" if said.endswith(_COUNTED) else f"is {said}")
    return " and ".join(words) or "is there"


def _without(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != name}


def _joined(said: list[str]) -> str:
    return ", and ".join(said)
