"""A difference as text for a terminal, as a section of the changelog, and as JSON values."""

from collections.abc import Iterator, Sequence
from typing import Any

from drs_conformance.specification.catalogue import Requirement
from drs_conformance.specification.versioning.difference import (
    Changed,
    Difference,
    RegistryChange,
)

_MEMBERS = {"chapter": "place", "excluded": "what the suite tests"}


def difference_text(change: Difference) -> str:
    """Return one line that sums up, then what differs, indented."""
    lines = [f"{change.old} -> {change.new}: {summary(change)}"]
    for title, items in _sections(change):
        lines.append(title)
        lines += [f"  {item}" for item in items]
    return "\n".join(lines) + "\n"


def difference_markdown(change: Difference, state: str) -> str:
    """Return a section for the changelog; `state` is draft or frozen."""
    lines = [f"### Standard {change.new} ({state}), since {change.old}"]
    sections = list(_sections(change))
    if not sections:
        lines += ["", "Nothing changed."]
    for title, items in sections:
        lines += ["", f"{title[0].upper()}{title[1:]}:", ""]
        lines += [
            f"- {_escaped(item)}" if item[0] != " " else f"  - {item.strip()}" for item in items
        ]
    return "\n".join(lines) + "\n"


def difference_document(change: Difference) -> dict[str, Any]:
    """Return everything as JSON values."""
    return {
        "old": change.old,
        "new": change.new,
        "added": [_requirement(item) for item in change.added],
        "retired": [{"id": item.old.id, "reason": item.reason} for item in change.retired],
        "relevelled": [
            {"id": item.new.id, "from": item.old.level, "to": item.new.level}
            for item in change.relevelled
        ],
        "changed": [_changed(item) for item in change.changed],
        "editorial": [
            {"id": item.new.id, "members": list(item.members)} for item in change.editorial
        ],
        "threats": {
            "added": [item.id for item in change.threats_added],
            "removed": [item.id for item in change.threats_removed],
        },
        "registries": [
            {
                "name": item.name,
                "added": list(item.added),
                "removed": list(item.removed),
                "changed": list(item.changed),
            }
            for item in change.registries
        ],
        "schemas": {
            "verdict": change.schema_verdict,
            "changed": [
                {"name": item.name, "verdict": item.verdict, "reasons": list(item.reasons)}
                for item in change.schemas
            ],
        },
        "faults": list(change.faults),
    }


def summary(change: Difference) -> str:
    """Return one line: how much differs, and whether the schemas are compatible."""
    counted = [
        (len(change.added), "added"),
        (len(change.retired), "retired"),
        (len(change.relevelled), "re-levelled"),
        (len(change.changed), "changed"),
        (len(change.editorial), "editorial"),
    ]
    said = [f"{count} {what}" for count, what in counted if count]
    requirements = f"requirements {', '.join(said)}" if said else "requirements unchanged"
    verdict = change.schema_verdict
    return f"{requirements}; schemas {verdict or 'unchanged'}"


def _sections(change: Difference) -> Iterator[tuple[str, list[str]]]:
    sections: list[tuple[str, Sequence[str]]] = [
        ("faults", change.faults),
        ("added", [f"{i.id} {i.title} ({i.level}, {i.keyword})" for i in change.added]),
        (
            "retired",
            [f"{i.old.id} {i.old.title}: {i.reason or 'no reason given'}" for i in change.retired],
        ),
        (
            "re-levelled",
            [
                f"{i.new.id} {i.new.title}: {i.old.level} -> {i.new.level}"
                for i in change.relevelled
            ],
        ),
        ("changed", [line for item in change.changed for line in _lines(item)]),
        ("editorial", [f"{i.new.id} {i.new.title}: {_named(i.members)}" for i in change.editorial]),
        (
            "threats",
            [f"{i.id} {i.title} (added)" for i in change.threats_added]
            + [f"{i.id} {i.title} (removed)" for i in change.threats_removed],
        ),
        ("registries", [_registry(item) for item in change.registries]),
        (
            "schemas",
            [
                line
                for item in change.schemas
                for line in (f"{item.name}: {item.verdict}", *(f"  {r}" for r in item.reasons))
            ],
        ),
    ]
    for title, items in sections:
        if items:
            yield title, list(items)


def _lines(item: Changed) -> Iterator[str]:
    members = [name for name in item.members if name != "level"]
    yield f"{item.new.id} {item.new.title}: {_named(members)}"
    for name in members:
        before, after = getattr(item.old, name), getattr(item.new, name)
        if name in ("sentence", "keyword", "verify", "depends_on", "schemas", "registries"):
            yield f"  was: {_value(before)}"
            yield f"  now: {_value(after)}"


def _named(members: Sequence[str]) -> str:
    return ", ".join(_MEMBERS.get(name, name.replace("_", " ")) for name in members)


def _value(value: Any) -> str:
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)


def _registry(item: RegistryChange) -> str:
    parts = [
        f"{what} {', '.join(names)}"
        for what, names in (
            ("added", item.added),
            ("removed", item.removed),
            ("changed", item.changed),
        )
        if names
    ]
    return f"{item.name}: {'; '.join(parts)}"


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;")


def _requirement(item: Requirement) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "level": item.level,
        "keyword": item.keyword,
        "sentence": item.sentence,
    }


def _changed(item: Changed) -> dict[str, Any]:
    return {
        "id": item.new.id,
        "members": list(item.members),
        "digest": {"old": item.old.digest, "new": item.new.digest},
        "sentence": {"old": item.old.sentence, "new": item.new.sentence},
    }
