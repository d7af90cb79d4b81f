"""Reading a document ``perturbation-parameters``, and whether an endpoint may apply it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc8785
import yaml
from jsonschema.exceptions import best_match

from drs_reference.documents import expectation
from drs_reference.json_text import BodyError, described, parse_object
from drs_reference.perturbation.schema_part import ParametersError
from drs_reference.response.ladder import different_people
from drs_reference.standard import registry, validator
from drs_reference.timestamps import from_rfc3339
from drs_reference.yaml_text import load

__all__ = [
    "ParametersError",
    "check_applicable",
    "check_surfaces",
    "digest",
    "read_parameters",
    "wrong",
]

_STATES = ["perturbed"]


def read_parameters(path: Path) -> dict[str, Any]:
    """The document of a file in JSON or YAML, valid under its schema.

    Raises ``ParametersError``.
    """
    try:
        text = path.read_text("utf-8")
        if path.suffix != ".json":
            text = json.dumps(load(text))
        document = parse_object(text.encode())
    except BodyError as error:
        raise ParametersError(f"{path}: {error.message}") from error
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise ParametersError(f"{path} cannot be read as JSON or YAML: {error}") from error
    fault = best_match(validator("perturbation-parameters").iter_errors(document))
    if fault is not None:
        raise wrong(path, fault.absolute_path, expectation(fault), fault.instance)
    return document


def check_applicable(path: Path, document: Mapping[str, Any], now: datetime) -> None:
    """Check what no schema can: that the mechanism may be applied, now.

    Raises ``ParametersError``.
    """
    mechanism = document["mechanism"]
    entries = {entry["id"]: entry for entry in registry("mechanisms")["entries"]}
    if entries[mechanism]["status"] != "active":
        expected = (
            "must be active: experimental mechanisms may be measured, not applied to accounts"
        )
        raise wrong(path, ["mechanism"], expected, mechanism)
    if document["efficacy_card"] is None:
        expected = "must be a digest: a mechanism without an efficacy card is not applied"
        raise wrong(path, ["efficacy_card"], expected, None)
    if document["states"] != _STATES:
        expected = f"must be {_STATES}, where this endpoint has the measure perturb"
        raise wrong(path, ["states"], expected, document["states"])
    if len(different_people(document["approved_by"])) < 2:
        expected = "must name two different people"
        raise wrong(path, ["approved_by"], expected, document["approved_by"])
    begin, end = document["valid_from"], document["valid_until"]
    if not from_rfc3339(begin) <= now < from_rfc3339(end):
        name = "valid_from" if now < from_rfc3339(begin) else "valid_until"
        raise wrong(path, [name], "must be such that the document is valid now", document[name])


def check_surfaces(path: Path, document: Mapping[str, Any], effective: Sequence[str]) -> None:
    """Check that each surface is one where the mechanism has an effect.

    Raises ``ParametersError``.
    """
    for number, surface in enumerate(document["surfaces"]):
        if surface not in effective:
            expected = f"must be one of {', '.join(effective)}; elsewhere it has no effect"
            raise wrong(path, ["surfaces", number], expected, surface)


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the JCS form (RFC 8785)."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def wrong(path: Path, steps: Iterable[object], expected: str, got: object) -> ParametersError:
    """The error for a member that is not what it must be; ``steps`` lead to it."""
    pointer = "".join(f"/{step}" for step in steps) or "the document"
    return ParametersError(f"{path}: {pointer} {expected}; got {described(got)}")
