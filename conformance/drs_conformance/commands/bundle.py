"""``drs bundle``: pack a run for auditors, or what of it may be published."""

from __future__ import annotations

import argparse
import hashlib
import os
from pathlib import Path
from typing import Any

from drs_conformance.certification.bundle import (
    BundleRefused,
    packed,
    public_files,
    require_no_credential,
    restricted_files,
    with_manifest,
)
from drs_conformance.certification.checking import claim_faults
from drs_conformance.certification.claim import CLAIM_NAME
from drs_conformance.certification.documents import DocumentFault, read_checked
from drs_conformance.certification.register import RegisterFault, read_register
from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.verification import Verification

__all__ = ["add_bundle_command"]


def add_bundle_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs bundle``."""
    parser = subparsers.add_parser(
        "bundle",
        help="pack a run for auditors, or its claim for everybody",
        description="Write a zip file of a run that verifies. The restricted bundle holds the "
        "whole run and can be judged again; the public one holds the claim, and nothing that was "
        "sent or received.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a run")
    parser.add_argument("--kind", choices=("restricted", "public"), required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="zip file")
    parser.add_argument(
        "--claim", type=Path, metavar="FILE", help=f"default: {CLAIM_NAME} in the folder"
    )
    parser.add_argument(
        "--register", type=Path, metavar="FILE", help="register, for a restricted bundle"
    )
    parser.set_defaults(handler=_bundle)


def _bundle(options: argparse.Namespace) -> int:
    if options.out.exists():
        raise UsageFault(f"{options.out} is there already")
    verification = Verification(options.folder)
    try:
        claim = _claim(options)
        register = read_register(options.register) if options.register else None
    except (DocumentFault, RegisterFault) as error:
        raise UsageFault(str(error)) from error
    faults = list(verification.faults)
    if claim is not None and not faults:
        found = claim_faults(claim, verification.result, verification.exchanges, register)
        faults += [f"{CLAIM_NAME}: {fault}" for fault in found]
    if faults:
        print("\n".join(faults))
        print("Nothing was written.")
        return 1
    if options.kind == "restricted":
        files = restricted_files(
            options.folder, verification.derived, claim, register.content if register else None
        )
    elif claim is None:
        raise UsageFault("a public bundle shows a claim; make one with `drs claim`")
    else:
        files = public_files(verification.derived, claim)
    files = with_manifest(
        options.kind,
        verification.result["drs_version"],
        f"sha256:{hashlib.sha256(verification.derived['result.json']).hexdigest()}",
        files,
    )
    try:
        require_no_credential(files, verification.header, os.environ)
    except BundleRefused as error:
        raise UsageFault(str(error)) from error
    content = packed(files)
    try:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        with options.out.open("xb") as stream:
            stream.write(content)
    except OSError as error:
        raise UsageFault(f"could not write {options.out}: {error.strerror}") from error
    print(f"{options.out}: {options.kind}, {len(files)} files, {len(content)} bytes.")
    print(f"sha256:{hashlib.sha256(content).hexdigest()}")
    return 0


def _claim(options: argparse.Namespace) -> dict[str, Any] | None:
    path = options.claim or options.folder / CLAIM_NAME
    if options.claim is None and not path.exists():
        return None
    return read_checked(path, "conformance-claim")
