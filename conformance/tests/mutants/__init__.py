"""Endpoints that each break one requirement, to prove that the suite catches it.

Each is the reference endpoint with one part replaced, runs as a process of its own and never sees
the suite. ``breaks`` names what must fail: one requirement, unless a sentence of the standard
entails more.
"""

from mutants import (
    conformance,
    declaration,
    detection,
    eligibility,
    exposure,
    good_standing,
    graduated_response,
    hub,
    live_detection,
    members,
    output_perturbation,
    perturbed_answers,
    prober_detection,
    rare_inputs,
    service,
    transparency,
)
from mutants.mutant import MUTANTS, Mutant

__all__ = [
    "MUTANTS",
    "Mutant",
    "conformance",
    "declaration",
    "detection",
    "eligibility",
    "exposure",
    "good_standing",
    "graduated_response",
    "hub",
    "live_detection",
    "members",
    "output_perturbation",
    "perturbed_answers",
    "prober_detection",
    "rare_inputs",
    "service",
    "transparency",
]
