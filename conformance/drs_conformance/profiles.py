"""How much a run sends, by profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drs_conformance.statistics.designs import Design

__all__ = [
    "CERTIFY",
    "PROFILES",
    "RUN_ALPHA",
    "UNDECIDED",
    "Profile",
    "requests_expected",
    "shortfalls",
]

RUN_ALPHA = 0.01 / 365
"""Greatest probability of a false FAIL in one run: 1% over a year of nightly ones."""

UNDECIDED = 0.01
"""Greatest share of runs against a conforming target that leave a statistical verdict open."""

CERTIFY = "certify"
"""The profile of runs that are registered before their first request."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Numbers of generated examples, each of which is one request or, for walks, up to seven.

    An attack on the model gets ``attack_requests``, and while it makes progress ``attack_cap``.
    ``odd_inputs`` counts inputs that must be refused whatever they look like, ``eligibility``
    accounts on each side of a criterion. ``effect_scale``
    multiplies what statistical designs look for: a smoke run sees only gross effects and needs few
    requests. ``beta`` takes the place of the designs' where it is given. ``requests`` is about what
    the checks without a design send where no eligibility policy is declared; a policy of four
    criteria adds about 60 in a smoke run and 250 in the others.
    """

    name: str
    exposure_requests: int
    parameter_variations: int
    ladder_walks: int
    refused_requests: int
    attack_requests: int
    attack_cap: int
    elicitations: int
    odd_inputs: int
    appeals: int
    eligibility: int
    effect_scale: float
    requests: int
    beta: float | None = None

    def adapted(self, design: Design) -> Design:
        """Return a requirement's design as runs in this profile follow it."""
        return design.scaled(self.effect_scale).erring(self.beta or design.beta)


PROFILES: Mapping[str, Profile] = {
    "smoke": Profile("smoke", 14, 5, 3, 5, 25, 60, 5, 2, 1, 1, 10, 240),
    "full": Profile("full", 80, 24, 16, 30, 200, 600, 30, 22, 22, 8, 1, 920),
    CERTIFY: Profile(CERTIFY, 80, 24, 16, 30, 200, 600, 30, 22, 22, 8, 1, 920, beta=0.01),
}


def requests_expected(profile: Profile, designs: Iterable[Mapping[str, Any]]) -> int:
    """Return about how many requests a run sends to a target that just conforms.

    ``designs`` are those of the selected requirements. A study costs what the most demanding of
    its designs needs.
    """
    studies: dict[str, float] = {}
    for number, members in enumerate(designs):
        design = profile.adapted(Design(members))
        study = design.study or str(number)
        studies[study] = max(studies.get(study, 0.0), design.plan(RUN_ALPHA).expected)
    return profile.requests + round(sum(studies.values()))


def shortfalls(design: Design, designs: int) -> Iterator[str]:
    """Say in which profile and at which level a design needs more than its cap, at nightly alpha.

    ``designs`` is the number of designs that share a run's errors, this one among them.
    """
    processes = designs * design.alternatives
    for profile in PROFILES.values():
        for level in ("L1", *sorted(design.levels)):
            adapted = profile.adapted(design.at(level))
            enough = adapted.plan(RUN_ALPHA / processes, undecided=UNDECIDED / processes).enough
            if enough > adapted.cap:
                yield (
                    f"expected a cap of {enough} requests at least in the profile {profile.name} "
                    f"at level {level}, got {adapted.cap}; raise the cap or state a larger effect"
                )
