"""The features that rules read, as the registry has them."""

from __future__ import annotations

from collections.abc import Mapping

from drs_reference.standard import registry

__all__ = ["CONTAINMENT", "MATCHED", "registered_features"]

CONTAINMENT = "fp.containment"
"""Read where a signature has fingerprints."""
MATCHED = "sel.matched"
"""Read where a signature has selectors."""


def registered_features() -> Mapping[str, str]:
    """The type of each variable that a new rule may read."""
    return {
        entry["variable"]: entry["type"]
        for entry in registry("features")["entries"]
        if entry["status"] == "active"
    }
