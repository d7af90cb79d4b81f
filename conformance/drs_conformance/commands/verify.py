"""``drs verify``: whether the files of a run, or of a bundle, hold together. Offline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from drs_conformance.certification.bundle import MANIFEST_NAME, manifest_faults, public_faults
from drs_conformance.certification.checking import trust_faults
from drs_conformance.certification.claim import CLAIM_NAME
from drs_conformance.certification.documents import DocumentFault, read_checked
from drs_conformance.certification.register import REGISTER_NAME
from drs_conformance.certification.registration import assertion
from drs_conformance.certification.signing import KeyFault, read_public_key
from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.verification import Verification
from drs_conformance.ledger import JOURNAL_NAME
from drs_conformance.reports.folder import REGISTRATION_NAME

__all__ = ["add_verify_command"]

Document = dict[str, Any]


def add_verify_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs verify``."""
    parser = subparsers.add_parser(
        "verify",
        help="check every file of a run or bundle, offline",
        description="Check the journal's chain, judge it again, compare every file of the run, and "
        "check its registration and claim. An unpacked public bundle is checked as far as it goes.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a run or bundle")
    parser.add_argument(
        "--witness-key",
        type=Path,
        metavar="FILE",
        help="public key of the witness that has to have signed the registration",
    )
    parser.set_defaults(handler=_verify)


def _verify(options: argparse.Namespace) -> int:
    console = Console(highlight=False)
    folder: Path = options.folder
    try:
        trusted = read_public_key(options.witness_key) if options.witness_key else None
        manifest = _optional(folder / MANIFEST_NAME, "bundle-manifest")
    except (KeyFault, DocumentFault) as error:
        raise UsageFault(str(error)) from error
    faults = manifest_faults(folder, manifest) if manifest else []
    if faults:
        return _differs(console, faults)
    if manifest is not None and manifest["kind"] == "public":
        return _public(folder, manifest, trusted, console)
    return _run(folder, manifest, trusted, console)


def _run(folder: Path, manifest: Document | None, trusted: str | None, console: Console) -> int:
    verification = Verification(folder)
    faults = verification.faults
    claim = verification.claim() if not faults else None
    registration = verification.result.get("registration")
    if trusted is not None and verification.result:
        faults += [f"registration: {fault}" for fault in trust_faults(registration, trusted)]
    if faults:
        return _differs(console, faults)
    _say(
        console,
        f"{verification.records} records of the journal hold together, and every other file "
        "follows from them.",
        assertion(registration),
        *_trust(registration, trusted),
    )
    if verification.resumed:
        _say(
            console,
            f"The run was cut off and gone on with, {verification.resumed} times; of its requests "
            f"{verification.unanswered} have no answer.",
        )
    if manifest is not None:
        _say(console, f"{len(manifest['files'])} files are those of the manifest.")
    if claim is not None:
        _say(console, f"{CLAIM_NAME} follows from the run. {_signed(claim)}")
        if not (folder / REGISTER_NAME).exists():
            _say(
                console,
                f"Not checked: the attempts in {CLAIM_NAME}, for the register is not here.",
            )
    return 0


def _public(folder: Path, manifest: Document, trusted: str | None, console: Console) -> int:
    try:
        claim = read_checked(folder / CLAIM_NAME, "conformance-claim")
        registration = read_checked(folder / REGISTRATION_NAME, "registration")
    except DocumentFault as error:
        raise UsageFault(str(error)) from error
    faults = public_faults(folder, manifest, claim, registration)
    if trusted is not None:
        faults += [f"registration: {fault}" for fault in trust_faults(registration, trusted)]
    if faults:
        return _differs(console, faults)
    _say(
        console,
        f"Public bundle: {len(manifest['files'])} files are those of the manifest and agree.",
        _signed(claim),
        assertion(registration),
        *_trust(registration, trusted),
        f"Not checked, for there is no {JOURNAL_NAME} here: that the verdicts follow from what the "
        "endpoint answered, that the seed follows from the nonces, and that the attempts are those "
        "of the register. The restricted bundle shows it; its result.json has the digest "
        f"{claim['report']['digest']}.",
    )
    return 0


def _signed(claim: Document) -> str:
    signatures = claim.get("signatures", [])
    if not signatures:
        return "The claim is signed by nobody."
    named = ", ".join(f"{entry['kid']} ({entry['role']})" for entry in signatures)
    return f"The claim is signed by {named}."


def _trust(registration: Document | None, trusted: str | None) -> list[str]:
    if registration is None or registration["witness"] is None or trusted is not None:
        return []
    return ["Whose key that is was not checked; name the witness's with --witness-key."]


def _optional(path: Path, schema: str) -> Document | None:
    return read_checked(path, schema) if path.exists() else None


def _differs(console: Console, faults: list[str]) -> int:
    _say(console, *faults)
    return 1


def _say(console: Console, *lines: str) -> None:
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
