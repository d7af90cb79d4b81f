"""An attempt at certification: registered, begun once, ended."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drs_conformance.certification.documents import read_checked, write_new
from drs_conformance.certification.nonces import (
    commitment,
    draw_nonce,
    nonce_path,
    read_nonce,
    seed_of,
    write_nonce,
)
from drs_conformance.certification.register import Register, read_register, register_writer
from drs_conformance.certification.registration import (
    differences,
    document_digest,
    make_registration,
    signature_fault,
    target_entry,
)
from drs_conformance.ledger import Redactor, Registered, timestamp
from drs_conformance.profiles import CERTIFY, PROFILES, requests_expected
from drs_conformance.results.result import result_bytes
from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.target import Target

__all__ = [
    "Attempt",
    "AttemptRefused",
    "begin",
    "end",
    "open_attempt",
    "register_attempt",
    "require_certifiable",
]

Document = Mapping[str, Any]
_OUTCOMES = {0: "pass", 1: "fail", 3: "undecided"}


class AttemptRefused(Exception):
    """An attempt cannot be registered or begun; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that may begin: where its register lies, what it adds to the journal, its seed."""

    register: Path
    registered: Registered
    seed: int

    @property
    def number(self) -> int:
        """Number of the attempt."""
        return int(self.registered.registration["attempt"])


def require_certifiable(target: Target, standard: Catalogue) -> None:
    """Refuse a target with which a run for certification could not pass or would not count.

    Raises:
        AttemptRefused: it has waivers, or a budget below what such a run needs.

    """
    if target.waivers:
        named = ", ".join(waiver.requirement for waiver in target.waivers)
        raise AttemptRefused(
            f"a run for certification takes no waivers, {target.file} has some for {named}; "
            "take them out"
        )
    tested = [item for item in standard.requirements if item.excluded is None]
    needed = requests_expected(
        PROFILES[CERTIFY], [item.design for item in tested if item.design is not None]
    )
    if target.budget.max_requests < needed:
        raise AttemptRefused(
            f"the budget of {target.file} allows {target.budget.max_requests} requests, a run for "
            f"certification needs about {needed}; raise it, for an attempt that is cut short counts"
        )


def register_attempt(
    path: Path, target: Target, standard: Catalogue, level: str | None, classes: tuple[str, ...]
) -> tuple[dict[str, Any], Path]:
    """Register the next attempt; return its registration and the file that holds it.

    The lab's nonce is kept beside the register and stands nowhere else until the run has ended.

    Raises:
        AttemptRefused: the register is about another target, or the target has what is refused.
        RegisterFault, NonceFault, DocumentFault: a file cannot be read or written.

    """
    require_certifiable(target, standard)
    entry = target_entry(target)
    about = {name: entry[name] for name in ("root", "dialect", "model")}
    selection = {"profile": CERTIFY, "level": level, "classes": list(classes)}
    spec = {"version": standard.version, "digest": standard.digest}
    nonce = draw_nonce()
    with register_writer(path) as writer:
        now = timestamp(datetime.now(UTC))
        if not writer.register.records:
            identifier = secrets.token_hex(16)
            opened = {"kind": "opened", "at": now, "register": identifier, "target": about}
            _require_no_credential(target, opened)
            writer.append(opened)
        if writer.register.target != about:
            was = writer.register.target
            raise AttemptRefused(
                f"{path} is the register of {was['model']} at {was['root']} ({was['dialect']}); "
                "another target has a register of its own"
            )
        registration = make_registration(
            writer.register, entry, spec, selection, commitment(nonce), now
        )
        _require_no_credential(target, registration)
        # The nonce first: a registration without it could never be run.
        write_nonce(nonce_path(path, registration["attempt"]), nonce)
        writer.append({"kind": "registered", "at": now, "registration": registration})
    file = path.with_name(f"registration-{registration['attempt']}.json")
    write_new(file, registration)
    return registration, file


def open_attempt(
    registration_file: Path,
    register_file: Path,
    target: Target,
    standard: Catalogue,
    selection: Document,
    *,
    witness_needed: bool,
) -> Attempt:
    """Return the attempt that a registration permits. Writes nothing.

    Raises:
        AttemptRefused: it does not permit this run.
        RegisterFault, NonceFault, DocumentFault: a file cannot be read.

    """
    require_certifiable(target, standard)
    registration = read_checked(registration_file, "registration")
    _require_valid(registration, registration_file, witness_needed)
    _require_last(registration, read_register(register_file), register_file)
    nonce_file = nonce_path(register_file, registration["attempt"])
    nonce = read_nonce(nonce_file)
    if commitment(nonce) != registration["commitment"]:
        raise AttemptRefused(f"{nonce_file} is not the nonce that {registration_file} commits to")
    spec = {"version": standard.version, "digest": standard.digest}
    found = differences(registration, target_entry(target), spec, selection)
    if found:
        raise AttemptRefused(f"{registration_file} is not for this run: {'; '.join(found)}")
    _require_no_credential(target, registration)
    witness = registration["witness"]
    seed = seed_of(nonce, bytes.fromhex(witness["nonce"]) if witness else b"")
    return Attempt(register_file, Registered(registration, nonce), seed)


def begin(attempt: Attempt) -> None:
    """Note in the register that the attempt begins. Raises `RegisterFault`."""
    registration = attempt.registered.registration
    witness = registration["witness"]
    with register_writer(attempt.register) as writer:
        writer.append(
            {
                "kind": "began",
                "at": timestamp(datetime.now(UTC)),
                "attempt": attempt.number,
                "registration": document_digest(registration),
                "witness": witness["signature"]["kid"] if witness else None,
            }
        )


def end(attempt: Attempt, result: Document) -> None:
    """Note in the register how the attempt ended. Raises `RegisterFault`."""
    with register_writer(attempt.register) as writer:
        writer.append(
            {
                "kind": "ended",
                "at": timestamp(datetime.now(UTC)),
                "attempt": attempt.number,
                "outcome": _OUTCOMES[result["exit_code"]],
                "stopped": result["stopped"],
                "report": f"sha256:{hashlib.sha256(result_bytes(result)).hexdigest()}",
                "journal": result["journal"]["head"],
            }
        )


def _require_valid(registration: Document, file: Path, witness_needed: bool) -> None:
    fault = signature_fault(registration)
    if fault is not None:
        raise AttemptRefused(f"{file}: {fault}")
    if registration["witness"] is None and witness_needed:
        raise AttemptRefused(
            f"no witness signed {file}; give what the witness sent back, or say --no-witness, and "
            "the run is self-asserted"
        )


def _require_last(registration: Document, register: Register, file: Path) -> None:
    number = registration["attempt"]
    registered = register.registrations
    bare = {**registration, "witness": None}
    if number > len(registered) or registered[number - 1] != bare:
        raise AttemptRefused(f"{file} does not hold this registration")
    began = register.of_attempt("began", number)
    if began is not None:
        raise AttemptRefused(
            f"the attempt {number} was begun on {began['at'][:19]}Z already; register another one"
        )
    if number != len(registered):
        raise AttemptRefused(
            f"the attempt {len(registered)} was registered since; only the last one can begin"
        )


def _require_no_credential(target: Target, document: Document) -> None:
    if Redactor(target.secrets.variables()).hide_value(document) != document:
        raise AttemptRefused(f"a credential stands in plain text in {target.file}; take it out")
