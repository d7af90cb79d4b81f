"""Checks of the chapter Output perturbation (PRT)."""

from __future__ import annotations

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.requirement import NotApplicable, expect, requirement


@requirement("PRT-01")
def test_declared_mechanisms_are_registered(lab: Lab) -> None:
    """Each declared mechanism is an active entry of the registry, with its class."""
    declaration = lab.declaration
    declared = declaration.document["perturbation"]
    if not declared:
        raise NotApplicable("the declaration names no mechanism", declaration)
    entries = {entry["id"]: entry for entry in lab.registry("mechanisms")["entries"]}
    for item in declared:
        entry = entries.get(item["mechanism"])
        expect(
            entry is not None and entry["status"] == "active",
            f"the mechanism {item['mechanism']} is not an active entry of the registry",
            declaration,
        )
        expect(
            entry is not None and entry["class"] == item["class"],
            f"{item['mechanism']} is declared {item['class']}, the registry says otherwise",
            declaration,
        )
