"""What is wrong with a policy under its schema, in one sentence for the operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError, best_match

from drs_reference.documents import expectation
from drs_reference.json_text import described
from drs_reference.standard import validator

__all__ = ["KINDS", "policy_fault"]

KINDS = ("majority-ownership", "jurisdiction", "end-use", "listed-party")
"""The kinds of criteria, each of which has a form of its own."""


def policy_fault(document: Mapping[str, Any]) -> str | None:
    """Where the document is none of the schema ``eligibility-policy``, and why; None if it is."""
    fault = best_match(validator("eligibility-policy").iter_errors(document))
    if fault is None:
        return None
    if fault.validator == "oneOf" and isinstance(fault.instance, dict):
        kind = fault.instance.get("kind")
        if kind not in KINDS:
            expected = f"must have a kind of {', '.join(KINDS)}"
            return f"{_place(fault)} {expected}; got {described(kind)}"
        fault = best_match(_of_its_kind(fault)) or fault
    if fault.validator == "required":
        lacking = [name for name in fault.validator_value if name not in fault.instance]
        return f"{_place(fault)} must have {', '.join(lacking)} too"
    return f"{_place(fault)} {expectation(fault)}; got {described(fault.instance)}"


def _of_its_kind(fault: ValidationError) -> Iterable[ValidationError]:
    """The faults of the form that belongs to the kind of a criterion."""
    forms: dict[Any, list[ValidationError]] = {}
    for one in fault.context or ():
        forms.setdefault(one.schema_path[0], []).append(one)
    for faults in forms.values():
        if not any(one.validator == "const" for one in faults):
            return faults
    return ()


def _place(fault: ValidationError) -> str:
    steps = "".join(f"/{step}" for step in fault.absolute_path)
    return steps or "it"
