"""How much a run sends, by profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CERTIFY", "PROFILES", "Profile"]

CERTIFY = "certify"
"""The profile of runs that are registered before their first request."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Numbers of generated examples, each of which is one request or, for walks, up to seven."""

    name: str
    exposure_requests: int
    parameter_variations: int
    ladder_walks: int
    refused_requests: int
    requests_expected: int


PROFILES: Mapping[str, Profile] = {
    "smoke": Profile("smoke", 14, 5, 3, 5, 195),
    "full": Profile("full", 80, 24, 16, 20, 400),
    CERTIFY: Profile(CERTIFY, 80, 24, 16, 20, 400),
}
