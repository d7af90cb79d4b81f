"""The mechanism that an endpoint applies, as the operator's document says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from drs_reference.gateway.surfaces import SURFACES
from drs_reference.perturbation.base import Perturbation
from drs_reference.perturbation.bucketed import BucketedParameters
from drs_reference.perturbation.covert import CovertMechanism
from drs_reference.perturbation.document import (
    check_applicable,
    check_surfaces,
    digest,
    read_parameters,
    wrong,
)
from drs_reference.perturbation.green_list import GreenListParameters, GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelParameters
from drs_reference.perturbation.overt import OVERT, has_effect, overt_from
from drs_reference.perturbation.parameters import covert_mechanism
from drs_reference.perturbation.tournament import TournamentParameters
from drs_reference.response.controls import ControlEntry
from drs_reference.timestamps import from_rfc3339

__all__ = ["KEY", "Configured", "configured"]

KEY = "watermark-key"
"""Name of the root key of covert mechanisms."""

_COVERT = tuple(
    parameters.mechanism
    for parameters in (
        GreenListParameters,
        GumbelParameters,
        TournamentParameters,
        BucketedParameters,
    )
)
"""What can be done while an answer is made; a choice among whole answers cannot."""
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
        return Configured(GreenListWatermark(secret(KEY)))
    document = read_parameters(path)
    check_applicable(path, document, now)
    mechanism = _mechanism(path, document, secret, now)
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


def _mechanism(
    path: Path, document: Mapping[str, Any], secret: Secret, now: datetime
) -> Perturbation:
    name = document["mechanism"]
    if name in OVERT:
        return overt_from(document, secret("elision-key"))
    if name in _COVERT:
        scope = document["parameters"].get("key_scope", "provider")
        if scope != "provider":
            expected = "must be provider: this endpoint has one key"
            raise wrong(path, ["parameters", "key_scope"], expected, scope)
        made = covert_mechanism(document, secret(KEY), now)
        assert isinstance(made, CovertMechanism)
        return made
    applied = ", ".join((*OVERT, *_COVERT))
    raise wrong(path, ["mechanism"], f"must be one that this endpoint applies: {applied}", name)
