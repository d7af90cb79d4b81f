"""Declared bounds; one that is left out counts as declared at the worst value of the level."""

from __future__ import annotations

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.pointers import matches

__all__ = ["declared_bound"]


def declared_bound(lab: Lab, identifier: str) -> float:
    """Return the value of an entry of the registry ``bounds``, in the unit that it has there."""
    declaration = lab.declaration
    (bound,) = (entry for entry in lab.registry("bounds")["bounds"] if entry["id"] == identifier)
    said = [value for _, value in matches(declaration.document, bound["declared_at"])]
    return float(said[0] if said else bound["worst"][declaration.level])
