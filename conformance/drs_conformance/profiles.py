"""How much a run sends, by profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CERTIFY", "PROFILES", "RUN_ALPHA", "Profile"]

RUN_ALPHA = 0.01 / 365
"""Greatest probability of a false FAIL in one run: 1% over a year of nightly ones."""

CERTIFY = "certify"
"""The profile of runs that are registered before their first request."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Numbers of generated examples, each of which is one request or, for walks, up to seven.

    An attack on the model gets ``attack_requests``, and while it makes progress ``attack_cap``.
    ``effect_scale`` multiplies what statistical designs look for: a smoke run sees only gross
    effects and needs few requests. ``beta`` takes the place of the designs' where it is given.
    """

    name: str
    exposure_requests: int
    parameter_variations: int
    ladder_walks: int
    refused_requests: int
    attack_requests: int
    attack_cap: int
    elicitations: int
    effect_scale: float
    requests_expected: int
    beta: float | None = None


PROFILES: Mapping[str, Profile] = {
    "smoke": Profile("smoke", 14, 5, 3, 5, 25, 60, 5, 10, 350),
    "full": Profile("full", 80, 24, 16, 20, 200, 600, 30, 1, 1360),
    CERTIFY: Profile(CERTIFY, 80, 24, 16, 20, 200, 600, 30, 1, 1660, beta=0.01),
}
