"""The one step that gets a lab furthest where a requirement on which others rest does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FIRST_STEPS", "FirstStep"]


@dataclass(frozen=True, slots=True)
class FirstStep:
    """What to do, in a sentence or two; ``schema`` is the kind of document that it brings forth."""

    text: str
    schema: str | None = None


FIRST_STEPS: Mapping[str, FirstStep] = {
    "DCL-01": FirstStep(
        "Serve a signed declaration at /.well-known/distillation-resistance, without a login. The "
        "smallest example is enough to begin with.",
        "declaration",
    ),
    "DCL-02": FirstStep(
        "Bring the declaration into the form of its schema, and name in `issuer` the origin that "
        "serves it.",
        "declaration",
    ),
    "DCL-07": FirstStep(
        "Let every declared surface answer the persona control in its dialect, for each model that "
        "it lists; or take the surface or the model out of the declaration."
    ),
    "EXP-01": FirstStep(
        "Refuse a request for more alternatives than the surface declares, and never return more."
    ),
    "EXP-07": FirstStep(
        "Refuse a request for more choices than the surface declares, and never return more."
    ),
    "EXP-08": FirstStep(
        "Return the log-probabilities of one distribution: none above zero, in descending order, "
        "each token once."
    ),
    "STD-08": FirstStep(
        "Score the weeks of ordinary accounts that the suite submits, and look at those that are "
        "flagged.",
        "score-response",
    ),
    "STD-11": FirstStep(
        "Serve a likelihood hook for auditors and name its path in `control_plane.likelihood`.",
        "likelihood-response",
    ),
    "DET-09": FirstStep(
        "Serve a score hook for auditors and name its path in `control_plane.score`.",
        "score-response",
    ),
    "RSP-01": FirstStep(
        "Serve the account view at the path that the declaration names in `control_plane.account`.",
        "account-standing",
    ),
    "RSP-02": FirstStep(
        "Send RateLimit-Policy and RateLimit with every answer of an inference surface, refusals "
        "too."
    ),
    "RSP-03": FirstStep(
        "Refuse a throttled account beyond its quota with 429, Retry-After and a problem that "
        "names policy and case.",
        "problem",
    ),
    "RSP-07": FirstStep(
        "Let the test mode move personas along the ladder of the declaration, one step at a time.",
        "persona-state",
    ),
    "ELG-03": FirstStep(
        "Refuse whom a criterion of the declared eligibility policy excludes and nobody else, and "
        "let the test mode state facts of a persona.",
        "eligibility-facts",
    ),
    "REC-04": FirstStep(
        "Accept appeals at the path that the declaration names in `control_plane.appeals`.",
        "appeal",
    ),
    "CNF-01": FirstStep(
        "Serve the reset of the test mode below the path that the declaration names in "
        "`control_plane.test`.",
        "persona-state",
    ),
    "CNF-02": FirstStep("Refuse the test mode to every credential but an auditor's, with 403."),
    "CNF-05": FirstStep(
        "Hold the personas throttled, perturbed, suspended and terminated, as far as the target "
        "file names them, in the state of their name."
    ),
}
"""By requirement, every one on which another depends."""
