"""What anybody can check of a registered run or a claim, offline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drs_conformance.certification.claim import (
    attempts_of,
    build_claim,
    signature_faults,
)
from drs_conformance.certification.register import Register
from drs_conformance.certification.registration import (
    differences,
    nonce_faults,
    signature_fault,
    target_entry_of_header,
)
from drs_conformance.certification.signing import key_id
from drs_conformance.ledger import Exchange
from drs_conformance.profiles import CERTIFY, RUN_ALPHA
from drs_conformance.specification.schemas import problems

__all__ = ["claim_faults", "registration_faults", "trust_faults"]

Document = Mapping[str, Any]


def registration_faults(header: Document, footer: Document) -> list[str]:
    """Return what is wrong with the registration in a journal, between its two ends."""
    try:
        return _registration_faults(header, footer)
    except (KeyError, TypeError) as error:
        return [f"the header lacks what it is held against: {error!r}"]


def _registration_faults(header: Document, footer: Document) -> list[str]:
    registration, run = header.get("registration"), header["run"]
    if registration is None:
        if run["selection"]["profile"] == CERTIFY:
            return ["a run for certification has to have one"]
        return []
    malformed = problems("registration", registration) or problems(
        "journal-record", footer, header["drs_version"]
    )
    if malformed:
        return [str(malformed[0])]
    spec = {"version": header["drs_version"], "digest": run["spec_digest"]}
    faults = differences(registration, target_entry_of_header(header), spec, run["selection"])
    if run["waivers"]:
        faults.append("a run for certification takes no waivers")
    if run["alpha"] != RUN_ALPHA:
        faults.append(f"a run for certification has an alpha of {RUN_ALPHA:.3g}")
    fault = signature_fault(registration)
    if fault is not None:
        faults.append(fault)
    nonce = footer.get("lab_nonce")
    if nonce is None:
        return [*faults, "the journal does not reveal the lab's nonce"]
    seed = run["selection"]["seed"]
    return [*faults, *nonce_faults(registration, bytes.fromhex(nonce), seed)]


def trust_faults(registration: Document | None, trusted_key: str) -> list[str]:
    """Return why a registration is not one by the witness with this public key."""
    witness = registration["witness"] if registration else None
    if witness is None:
        return [f"no witness signed it, expected {key_id(trusted_key)}"]
    signature = witness["signature"]
    if signature["public_key"] != trusted_key:
        return [f"signed by {signature['kid']}, expected {key_id(trusted_key)}"]
    return []


def claim_faults(
    claim: Document,
    result: Document,
    exchanges: Mapping[str, Exchange],
    register: Register | None,
) -> list[str]:
    """Return what is wrong with a claim that lies beside the run that it rests on.

    Without the register the attempts are taken as the claim gives them.
    """
    malformed = problems("conformance-claim", claim)
    if malformed:
        return [str(malformed[0])]
    if result["registration"] is None:
        return ["the run beside it was not registered"]
    attempts: Document = claim["attempts"]
    if register is not None:
        then = register.until(attempts["head"])
        if then is None:
            return ["the register beside it was never in the state that the claim names"]
        attempts = {"register": then.id, "head": then.head, "made": attempts_of(then)}
    expected = build_claim(result, exchanges, attempts, claim["issued_at"])
    bare = {name: value for name, value in claim.items() if name != "signatures"}
    faults = [
        f"{name} does not follow from the run" for name in expected if expected[name] != bare[name]
    ]
    return faults + signature_faults(claim)
