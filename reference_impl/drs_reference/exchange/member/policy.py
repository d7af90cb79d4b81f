"""What a member does on a signature: no more than its author, others and its own traffic bear out.

Pure: what is known of a signature gives a ruling, and says in words why it is not more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drs_reference.exchange.signature import EXTENSION, Signature

__all__ = [
    "CONFIRMATIONS_MIN",
    "FALSE_POSITIVES_MAX",
    "HomeTrial",
    "Known",
    "Ruling",
    "rule",
    "stated_rate",
]

CONFIRMATIONS_MIN = 2
"""Independent members, before anybody is blocked (XCH-09)."""
FALSE_POSITIVES_MAX = 3
"""Times the rate that the author states; above, the signature is not acted on (XCH-12)."""


@dataclass(frozen=True, slots=True)
class HomeTrial:
    """How a signature did on ``windows`` of the member's own benign traffic (XCH-10)."""

    windows: int
    matches: int

    def tolerable(self, stated: float) -> bool:
        """Whether matches stay within three times the ``stated`` false-positive rate."""
        return self.matches <= FALSE_POSITIVES_MAX * stated * self.windows


@dataclass(frozen=True, slots=True)
class Known:
    """What a member knows of a signature beside the signature itself.

    Without a ``trial``, ``untried`` says why. ``confirmed`` are the identities, the member's own
    may be one, that have told of evidence which they gathered themselves.
    """

    trial: HomeTrial | None = None
    untried: str = "it was not tried on benign traffic yet"
    confirmed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ruling:
    """The strongest action that may be taken, and why it is not a stronger one."""

    action: str
    because: str


def stated_rate(signature: Signature) -> float:
    """The rate of false positives that the author states."""
    rate: float = signature.document["extensions"][EXTENSION]["evidence"]["false_positive_rate"]
    return rate


def rule(signature: Signature, known: Known, now: datetime) -> Ruling:
    """What may be done on a signature at ``now`` (SIG-08, XCH-09, XCH-10)."""
    if signature.revoked:
        return Ruling("none", "its author has revoked it")
    if now >= signature.valid_until:
        return Ruling("none", "its validity has ended")
    if now < signature.valid_from:
        return Ruling("none", "its validity has not begun")
    trial = known.trial
    if trial is None:
        return Ruling("none", known.untried)
    stated = stated_rate(signature)
    if not trial.tolerable(stated):
        return Ruling(
            "none",
            f"it matches {trial.matches} of {trial.windows} benign windows here, more than "
            f"{FALSE_POSITIVES_MAX} times the rate of {stated:g} that its author states",
        )
    if signature.max_action != "block":
        return Ruling(signature.max_action, "its author allows no more")
    # Whoever publishes a signature stands for it, and once only.
    standing = len({signature.author} | known.confirmed)
    if standing < CONFIRMATIONS_MIN:
        return Ruling(
            "perturb",
            f"{standing} of the {CONFIRMATIONS_MIN} members that a block takes stand for it",
        )
    return Ruling("block", f"{standing} members stand for it")
