"""What edits touch, as text for a terminal and as JSON values."""

from typing import Any

from drs_conformance.specification.versioning.difference_views import (
    difference_document,
    summary,
)
from drs_conformance.specification.versioning.impact import Impact, Touched


def impact_text(found: list[Impact], base: str) -> str:
    """Return what edits touch, for a terminal."""
    if not found:
        return f"Nothing in spec/ and schemas/ differs from {base}.\n"
    lines = []
    for item in found:
        lines.append(f"Version {item.change.new} since {base}: {summary(item.change)}.")
        lines += [f"  fault: {fault}" for fault in item.change.faults]
        lines += [f"  {gone.old.id} is gone: {gone.reason}" for gone in item.change.retired]
        for schema in item.change.schemas:
            lines.append(f"  schema {schema.name}: {schema.verdict}")
            lines += [f"    {reason}" for reason in schema.reasons]
        for touched in item.touched:
            lines += ["", f"{touched.id} {touched.title} ({touched.place})"]
            lines.append(f"  touched by   {'; '.join(touched.why)}")
            for label, names in (
                ("schemas", touched.schemas),
                ("checks", touched.checks),
                ("mutants", touched.mutants),
                ("rests on it", touched.dependents),
                ("pages", touched.pages),
                ("claims", touched.claims),
            ):
                if names:
                    lines.append(f"  {label:<12} {', '.join(names)}")
    return "\n".join(lines) + "\n"


def impact_document(found: list[Impact]) -> list[dict[str, Any]]:
    """Return what edits touch as JSON values."""
    return [
        {
            "version": item.change.new,
            "difference": difference_document(item.change),
            "touched": [
                {
                    name: list(value) if isinstance(value, tuple) else value
                    for name in Touched.__slots__
                    for value in [getattr(touched, name)]
                }
                for touched in item.touched
            ],
        }
        for item in found
    ]
