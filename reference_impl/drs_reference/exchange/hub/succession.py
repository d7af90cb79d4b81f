"""Whether a version may follow what a group holds (XCH-05, XCH-06)."""

from __future__ import annotations

from drs_reference.exchange.hub.entries import Candidate, Held, taxii_time
from drs_reference.exchange.markings import laxer


class SuccessionError(Exception):
    """A version may not follow; the message says what stands against it."""


def is_new(candidate: Candidate, held: Held | None, signature: Held | None) -> bool:
    """Whether a version is to be added; False for exactly the one that is held already.

    ``held`` is the latest version of the same object, ``signature`` that of the signature which a
    sighting is of. Raises ``SuccessionError``.
    """
    if candidate.about is not None:
        _check_sighting(candidate, signature)
    if held is None:
        return True
    if candidate.body == held.body:
        return False
    for name, came, there in (
        ("created_by_ref", candidate.author, held.author),
        ("created", taxii_time(candidate.created), taxii_time(held.created)),
    ):
        if came != there:
            raise SuccessionError(f"{name} must stay {there}; got {came}")
    if candidate.seq <= held.seq:
        raise SuccessionError(
            f"seq must be greater than {held.seq}, that of the version held; got {candidate.seq}"
        )
    if candidate.modified <= held.modified:
        there, came = taxii_time(held.modified), taxii_time(candidate.modified)
        raise SuccessionError(f"modified must be later than {there}; got {came}")
    if held.revoked and not candidate.revoked:
        raise SuccessionError("the object was revoked and stays so; publish a new one")
    if laxer(candidate.tlp, held.tlp):
        raise SuccessionError(f"the marking {held.tlp} must not be relaxed to {candidate.tlp}")
    return True


def _check_sighting(candidate: Candidate, signature: Held | None) -> None:
    if signature is None:
        raise SuccessionError(f"the group holds no signature {candidate.about}")
    if laxer(candidate.tlp, signature.tlp):
        raise SuccessionError(
            f"the marking {signature.tlp} of the signature must not be relaxed to {candidate.tlp}"
        )
