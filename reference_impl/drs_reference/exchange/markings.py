"""Traffic Light Protocol 2.0: who may see an object, by the marking definitions of OASIS."""

from __future__ import annotations

from collections.abc import Sequence

from drs_reference.exchange.objects import ObjectError

__all__ = ["TLP", "laxer", "tlp_of"]

TLP = {
    "TLP:CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "TLP:GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "TLP:AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "TLP:AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "TLP:RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""Marking definition of each label, the laxest first (STIX 2.1 extension TLP 2.0 of OASIS)."""

_LABELS = {reference: label for label, reference in TLP.items()}
_RANKS = {label: rank for rank, label in enumerate(TLP)}


def tlp_of(references: Sequence[str]) -> str:
    """The label of an object's markings. Raises ``ObjectError`` (``marking``) unless it is one."""
    labels = [_LABELS[reference] for reference in references if reference in _LABELS]
    if len(labels) != 1:
        came = " and ".join(labels) or "none"
        raise ObjectError("marking", f"object_marking_refs must name one TLP 2.0 label; got {came}")
    return labels[0]


def laxer(one: str, other: str) -> bool:
    """Whether the label ``one`` lets more people see than ``other``."""
    return _RANKS[one] < _RANKS[other]
