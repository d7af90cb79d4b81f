"""Mutants of the chapter Output perturbation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from drs_reference.gateway.declaration import DeclarationBuilder
from drs_reference.gateway.parts import Parts

from mutants.declaration import with_declaration
from mutants.mutant import mutant


@mutant(breaks=["PRT-01"])
def mechanism_of_its_own_making(parts: Parts) -> Parts:
    """The declaration names a mechanism that nobody registered."""

    class Builder(DeclarationBuilder):
        def statement(self, now: datetime) -> dict[str, Any]:
            document = super().statement(now)
            document["perturbation"].append({"mechanism": "secret-sauce", "class": "overt"})
            return document

    return with_declaration(parts, Builder)


@mutant(breaks=["PRT-01"])
def covert_mechanism_declared_overt(parts: Parts) -> Parts:
    """A covert mechanism is declared overt, which frees it from its budgets."""
    original = parts.declaration
    mechanisms = tuple((mechanism, False) for mechanism, _ in original.mechanisms)
    builder = DeclarationBuilder(original.terms, original.signer, original.issuer, mechanisms)
    return replace(parts, declaration=builder)
