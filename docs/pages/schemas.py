"""JSON Schemas as pages: every member with its type, whether it must be there, and its meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["schema_index", "schema_pages"]

_SUFFIX = ".schema.json"
_LIMITS = {
    "pattern": "matches `{}`",
    "const": "always `{}`",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "format": "format {}",
}


def schema_index(folder: Path) -> str:
    """Return the page that lists every schema."""
    lines = ["# Schemas", "", "| schema | what |", "| --- | --- |"]
    for name, schema in _schemas(folder):
        lines.append(f"| [{name}]({name}.md) | {schema['description']} |")
    return "\n".join(lines) + "\n"


def schema_pages(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and page of every schema in ``folder``."""
    for name, schema in _schemas(folder):
        lines = [f"# {schema['title']}", "", schema["description"], "", f"`{schema['$id']}`"]
        lines += list(_section(schema, "The document", 2))
        for part, definition in schema.get("$defs", {}).items():
            lines += ["", f"## {part} {{#{part}}}", "", definition.get("description", "")]
            lines += list(_members(definition, part, 3))
        lines += list(_examples(folder / "examples" / "valid" / name))
        yield name, "\n".join(lines) + "\n"


def _schemas(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    return [
        (path.name.removesuffix(_SUFFIX), json.loads(path.read_text("utf-8")))
        for path in sorted(folder.glob(f"*{_SUFFIX}"))
    ]


def _section(schema: dict[str, Any], title: str, level: int) -> Iterator[str]:
    body = list(_members(schema, title, level + 1))
    if body:
        yield from ("", f"{'#' * level} {title}", *body)


def _members(schema: dict[str, Any], title: str, level: int) -> Iterator[str]:
    properties = schema.get("properties")
    if not properties:
        kind = _kind(schema)
        if kind != "object":
            yield from ("", f"{kind}. {_limits(schema)}")
        alternatives = [_kind(option) for option in schema.get("oneOf", ())]
        if alternatives:
            yield from ("", f"One of: {', '.join(alternatives)}.")
        return
    required = set(schema.get("required", ()))
    yield from ("", "| member | type | required | meaning |", "| --- | --- | --- | --- |")
    for name, member in properties.items():
        meaning = " ".join(filter(None, (member.get("description", ""), _limits(member))))
        must = "yes" if name in required else "no"
        yield f"| `{name}` | {_kind(member)} | {must} | {_cell(meaning)} |"
    for name, member in properties.items():
        inner = member.get("items", member)
        if isinstance(inner, dict) and inner.get("properties"):
            yield from _section(inner, f"{title}: {name}", min(level, 5))


def _kind(schema: dict[str, Any]) -> str:
    reference = schema.get("$ref")
    if reference is not None:
        file, _, pointer = reference.partition("#")
        part = pointer.rpartition("/")[2]
        page = f"{file.removesuffix(_SUFFIX)}.md" if file else ""
        return f"[{part or file}]({page}#{part})"
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return "constant"
    if "oneOf" in schema:
        return " or ".join(_kind(option) for option in schema["oneOf"])
    kind = schema.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    items = schema.get("items")
    return f"array of {_kind(items)}" if isinstance(items, dict) else kind


def _limits(schema: dict[str, Any]) -> str:
    said = [form.format(schema[name]) for name, form in _LIMITS.items() if name in schema]
    return f"({'; '.join(said)})" if said else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("{", "&#123;")


def _examples(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.json"))[:1]:
        text = path.read_text("utf-8").rstrip()
        if len(text) < 6000:
            yield from ("", "## Example", "", "```json", text, "```")
