"""The witness: keeps a copy of every register, and signs what follows from it.

It may work offline, on another machine. It sees neither the lab's nonce nor an exchange.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drs_conformance.certification.claim import attempts_of, signed_claim
from drs_conformance.certification.documents import read_checked, write_new
from drs_conformance.certification.nonces import draw_nonce
from drs_conformance.certification.register import (
    REGISTER_NAME,
    Register,
    RegisterFault,
    read_register,
)
from drs_conformance.certification.registration import document_digest, witnessed
from drs_conformance.certification.signing import SigningKey
from drs_conformance.ledger import timestamp

__all__ = ["WitnessRefused", "countersign_claim", "sign_registration"]

Document = Mapping[str, Any]


class WitnessRefused(Exception):
    """A witness does not sign this."""


def sign_registration(
    registration: Document, register: Register, copies: Path, key: SigningKey
) -> dict[str, Any]:
    """Return a registration with this witness's nonce and signature.

    ``register`` is the lab's register, whose last line holds the registration; ``copies`` the
    folder in which the witness keeps what it saw. Asked again for the same registration, the
    witness gives what it gave then: a second nonce would be a second seed to choose from.

    Raises:
        WitnessRefused: the register is not the continuation of the copy, or is another one for a
            target that has one.
        RegisterFault, DocumentFault: a file cannot be read or written.

    """
    if registration["witness"] is not None:
        raise WitnessRefused("the registration has a witness already")
    place = copies / register.id
    kept = place / f"registration-{registration['attempt']}.json"
    if kept.exists():
        before = read_checked(kept, "registration")
        if {**before, "witness": None} != registration:
            raise WitnessRefused(
                f"another registration was signed as attempt {registration['attempt']} of this "
                "register; its lines were changed since"
            )
        # As after a crash: the copy may lag behind what was given out.
        _require_continuation(register, copies)
        _keep(register, copies)
        return before
    _require_continuation(register, copies)
    last = register.records[-1]
    if last["kind"] != "registered" or last["registration"] != registration:
        raise WitnessRefused("expected the registration on the last line of the register")
    about = {name: registration["target"][name] for name in ("root", "dialect", "model")}
    if about != register.target:
        raise WitnessRefused("the registration is about another target than its register")
    signed = witnessed(registration, draw_nonce(), timestamp(datetime.now(UTC)), key)
    # The copies first: what is given out has to be known here.
    write_new(kept, signed)
    _keep(register, copies)
    return signed


def countersign_claim(
    claim: Document, register: Register, copies: Path, key: SigningKey
) -> dict[str, Any]:
    """Return a claim with this witness's signature that no attempt is missing from it.

    Raises:
        WitnessRefused: the register is not the continuation of the copy, or the claim does not
            tell of every attempt in it.
        RegisterFault: a file cannot be read or written.

    """
    _require_continuation(register, copies)
    attempts = claim["attempts"]
    if attempts["register"] != register.id or attempts["head"] != register.head:
        raise WitnessRefused("the claim rests on another state of the register than this one")
    if attempts["made"] != attempts_of(register):
        raise WitnessRefused("the attempts in the claim are not those of the register")
    registration = register.registrations[claim["registration"]["attempt"] - 1]
    kept = copies / register.id / f"registration-{registration['attempt']}.json"
    signed = read_checked(kept, "registration") if kept.exists() else None
    if signed is None or document_digest(signed) != claim["registration"]["digest"]:
        raise WitnessRefused("the run did not begin with a registration that was signed here")
    _keep(register, copies)
    return signed_claim(claim, key, "witness")


def _require_continuation(register: Register, copies: Path) -> None:
    """Refuse a register that does not begin with the copy, or that stands beside another one."""
    for file in sorted(copies.glob(f"*/{REGISTER_NAME}")):
        copy = read_register(file)
        if copy.id == register.id:
            if not register.content.startswith(copy.content):
                raise WitnessRefused(
                    f"the register does not go on from the copy of {len(copy.records)} lines in "
                    f"{file}: {_first_difference(copy, register)}"
                )
        elif copy.target == register.target:
            raise WitnessRefused(
                f"{copy.target['model']} at {copy.target['root']} has another register, "
                f"{copy.id}, with {len(copy.registrations)} attempts; go on with that one"
            )


def _first_difference(copy: Register, register: Register) -> str:
    pairs = zip(copy.content.splitlines(), register.content.splitlines(), strict=False)
    number = next((n for n, (was, got) in enumerate(pairs, start=1) if was != got), None)
    return f"line {number} was changed" if number else "lines were taken away at its end"


def _keep(register: Register, copies: Path) -> None:
    path = copies / register.id / REGISTER_NAME
    draft = path.with_name(f".{REGISTER_NAME}.draft")
    try:
        draft.write_bytes(register.content)
        os.replace(draft, path)
    except OSError as error:
        raise RegisterFault(f"could not write {path}: {error.strerror}") from None
