"""The mechanism that an endpoint applies, as the operator's document says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from drs_reference.gateway.surfaces import SURFACES
from drs_reference.perturbation.base import Perturbation
from drs_reference.perturbation.document import (
    check_applicable,
    check_surfaces,
    digest,
    read_parameters,
    wrong,
)
from drs_reference.perturbation.green_list import GreenListWatermark
from drs_reference.perturbation.overt import OVERT, has_effect, overt_from
from drs_reference.response.controls import ControlEntry
from drs_reference.timestamps import from_rfc3339

__all__ = ["Configured", "configured"]

Secret = Callable[[str], bytes]
"""The key of a name, the same at each start."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A mechanism, the surfaces where it is applied (None: all), its end, and who enabled it."""

    mechanism: Perturbation
    surfaces: frozenset[str] | None = None
    until: datetime | None = None
    enabled: ControlEntry | None = None


def configured(path: Path | None, secret: Secret, now: datetime) -> Configured:
    """What the document at ``path`` says; without one the green list on all surfaces.

    Raises ``ParametersError``.
    """
    if path is None:
        return Configured(GreenListWatermark(secret("watermark-key")))
    document = read_parameters(path)
    check_applicable(path, document, now)
    mechanism = _mechanism(path, document, secret)
    check_surfaces(path, document, [s.id for s in SURFACES if has_effect(mechanism, s)])
    return Configured(
        mechanism,
        frozenset(document["surfaces"]),
        from_rfc3339(document["valid_until"]),
        ControlEntry(
            "mechanism",
            mechanism.mechanism,
            "enabled",
            digest(document),
            tuple(document["approved_by"]),
        ),
    )


def _mechanism(path: Path, document: Mapping[str, Any], secret: Secret) -> Perturbation:
    name, parameters = document["mechanism"], document["parameters"]
    if name in OVERT:
        return overt_from(document, secret("elision-key"))
    if name == GreenListWatermark.mechanism:
        for member, value in (("gamma", 0.5), ("context_tokens", 1)):
            if parameters[member] != value:
                expected = f"must be {value} at this endpoint"
                raise wrong(path, ["parameters", member], expected, parameters[member])
        return GreenListWatermark(secret("watermark-key"), parameters["delta"])
    applied = ", ".join((*OVERT, GreenListWatermark.mechanism))
    raise wrong(path, ["mechanism"], f"must be one that this endpoint applies: {applied}", name)
