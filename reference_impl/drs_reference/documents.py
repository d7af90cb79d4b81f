"""Documents that clients post to the control plane, checked against their schemas."""

from __future__ import annotations

from typing import Any

from jsonschema.exceptions import ValidationError, best_match

from drs_reference.json_text import BodyError, described, parse_object
from drs_reference.standard import validator


def read_document(body: bytes, kind: str) -> dict[str, Any]:
    """The document of a schema such as ``flag``. Raises ``BodyError`` naming the wrong member."""
    document = parse_object(body)
    check_document(document, kind)
    return document


def check_document(document: dict[str, Any], kind: str) -> None:
    """Hold a document against its schema. Raises ``BodyError`` naming the wrong member."""
    error = best_match(validator(kind).iter_errors(document))
    if error is None:
        return
    path = ".".join(str(step) for step in error.absolute_path)
    where = path or "the body"
    raise BodyError(
        path or None,
        f"{where} {expectation(error)}; got {described(error.instance)} (schema {kind})",
    )


def expectation(error: ValidationError) -> str:
    """What a member must be that is not."""
    return {
        "required": f"must have the members {', '.join(map(str, _names(error.validator_value)))}",
        "unevaluatedProperties": "has a member that the schema does not know",
        "type": f"must be of type {error.validator_value}",
        "enum": f"must be one of {error.validator_value}",
    }.get(str(error.validator), f"must fulfil {error.validator}: {error.validator_value}")


def _names(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
