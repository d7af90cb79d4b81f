"""A registration: what a run is going to be, written down before its first request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

from drs_conformance.certification.nonces import commitment, seed_of
from drs_conformance.certification.register import Register
from drs_conformance.certification.signing import BadSignature, SigningKey, check_signature
from drs_conformance.target import Target

__all__ = [
    "PAYLOAD_TYPE",
    "assertion",
    "differences",
    "document_digest",
    "make_registration",
    "nonce_faults",
    "signature_fault",
    "target_entry",
    "target_entry_of_header",
    "witnessed",
]

PAYLOAD_TYPE = "application/vnd.drs.registration+json"
Document = Mapping[str, Any]


def document_digest(document: Document) -> str:
    """Return the SHA-256 of a document in its JCS form."""
    return f"sha256:{hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()}"


def make_registration(
    register: Register,
    target: Document,
    spec: Document,
    selection: Document,
    committed: str,
    registered_at: str,
) -> dict[str, Any]:
    """Return the next registration of a register, without a witness."""
    return {
        "drs_version": spec["version"],
        "register": {
            "id": register.id,
            "records": len(register.records),
            "head": register.head,
        },
        "attempt": len(register.registrations) + 1,
        "commitment": committed,
        "spec": dict(spec),
        "target": dict(target),
        "selection": dict(selection),
        "registered_at": registered_at,
        "witness": None,
    }


def witnessed(
    registration: Document, nonce: bytes, signed_at: str, key: SigningKey
) -> dict[str, Any]:
    """Return a registration with the part of a witness."""
    signed = {**registration, "witness": {"nonce": nonce.hex(), "signed_at": signed_at}}
    signature = key.sign(PAYLOAD_TYPE, signed)
    return {**signed, "witness": {**signed["witness"], "signature": signature}}


def signature_fault(registration: Document) -> str | None:
    """Return what is wrong with the witness's signature; None too when there is no witness."""
    witness = registration["witness"]
    if witness is None:
        return None
    bare = {name: value for name, value in witness.items() if name != "signature"}
    try:
        check_signature(witness["signature"], PAYLOAD_TYPE, {**registration, "witness": bare})
    except BadSignature as error:
        return str(error)
    return None


def nonce_faults(registration: Document, lab_nonce: bytes, seed: int) -> list[str]:
    """Return what is wrong between a registration, the lab's nonce and the seed of a run."""
    witness = registration["witness"]
    faults = []
    if commitment(lab_nonce) != registration["commitment"]:
        faults.append("the lab's nonce is not the one that was committed to")
    if seed_of(lab_nonce, bytes.fromhex(witness["nonce"]) if witness else b"") != seed:
        faults.append("the seed does not follow from the nonces")
    return faults


def differences(
    registration: Document, target: Document, spec: Document, selection: Document
) -> list[str]:
    """Return how a run differs from what was registered; ``selection`` is that of a run."""
    registered, faults = registration["selection"], []
    for name in ("name", "root", "dialect", "model"):
        if target[name] != registration["target"][name]:
            was = registration["target"][name]
            faults.append(f"the {name} of the target is {target[name]!r}, registered was {was!r}")
    if not faults and target["digest"] != registration["target"]["digest"]:
        faults.append(
            "the target differs from the registered one: base URL, pinned key, personas or "
            "source addresses"
        )
    for name in ("version", "digest"):
        if spec[name] != registration["spec"][name]:
            was = registration["spec"][name]
            faults.append(f"the {name} of the standard is {spec[name]}, registered was {was}")
    for name in ("profile", "level", "classes"):
        if selection[name] != registered[name]:
            was, got = _selected(registered[name]), _selected(selection[name])
            faults.append(f"{name} of the run: {got}, registered: {was}")
    if selection.get("only"):
        faults.append("a registered run takes every requirement, not only some")
    return faults


def _selected(value: object) -> str:
    if isinstance(value, list):
        value = ", ".join(value)
    return str(value) if value else "as declared"


def target_entry(target: Target) -> dict[str, Any]:
    """Return what a registration says of a target; nothing in it is a credential."""
    addresses = {name: persona.source_address for name, persona in target.personas.items()}
    return _entry(
        {
            "name": target.name,
            "root": target.root,
            "dialect": target.dialect,
            "model": target.model,
        },
        {
            "base_url": target.base_url,
            "trusted_key": target.trusted_key,
            "personas": addresses,
            **_described(target.description),
        },
    )


def target_entry_of_header(header: Document) -> dict[str, Any]:
    """Return the same from the header of a journal."""
    target = header["target"]
    addresses = {name: entry["source_address"] for name, entry in target["personas"].items()}
    return _entry(
        {name: target[name] for name in ("name", "root", "dialect", "model")},
        {
            "base_url": target["base_url"],
            "trusted_key": header["run"]["trusted_key"],
            "personas": addresses,
            **_described(target.get("dialect_description")),
        },
    )


def _described(description: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if description is None else {"dialect_description": description}


def _entry(shown: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    return {**shown, "digest": document_digest({**shown, **rest})}


def assertion(registration: Document | None) -> str:
    """Say who vouches for the seed of a run."""
    if registration is None:
        return (
            "Self-asserted: the run was not registered and no witness signed anything, so the "
            "whole folder could have been made up by who ran it."
        )
    attempt = f"attempt {registration['attempt']} of the register {registration['register']['id']}"
    witness = registration["witness"]
    if witness is None:
        return (
            f"Self-asserted: {attempt}, without a witness, so attempts may have been left out and "
            "the whole folder could have been made up by who ran it."
        )
    return (
        f"Witnessed by {witness['signature']['kid']}: {attempt}, signed "
        f"{witness['signed_at'][:19]}Z. Neither side could choose the seed, and the attempts "
        "before this one are fixed. The witness did not see the exchanges."
    )
