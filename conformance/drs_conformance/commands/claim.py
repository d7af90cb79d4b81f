"""``drs claim``: what a registered run supports, with every attempt."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drs_conformance.certification.claim import (
    CLAIM_NAME,
    ClaimRefused,
    attempts_of,
    build_claim,
    require_recorded,
    signed_claim,
)
from drs_conformance.certification.documents import DocumentFault, write_new
from drs_conformance.certification.register import RegisterFault, read_register
from drs_conformance.certification.signing import KeyFault, SigningKey
from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.verification import Verification
from drs_conformance.ledger import timestamp

__all__ = ["add_claim_command"]


def add_claim_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs claim``."""
    parser = subparsers.add_parser(
        "claim",
        help="write the claim that a registered run supports, or the one that it does not",
        description="Write a claim of conformance. A run that supports none gives a claim that "
        "says so, with the reasons. Exit code 0: conformance is claimed; 1: it is not.",
    )
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of a run")
    parser.add_argument(
        "--register", type=Path, required=True, metavar="FILE", help="register of the target"
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="sign with this private key")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"default: {CLAIM_NAME} in the folder of the run"
    )
    parser.set_defaults(handler=_claim)


def _claim(options: argparse.Namespace) -> int:
    verification = Verification(options.run)
    if verification.faults:
        print("\n".join(verification.faults))
        return 1
    try:
        register = read_register(options.register)
        require_recorded(verification.result, register)
        attempts = {"register": register.id, "head": register.head, "made": attempts_of(register)}
        claim = build_claim(
            verification.result,
            verification.exchanges,
            attempts,
            timestamp(datetime.now(UTC)),
        )
        if options.key is not None:
            claim = signed_claim(claim, SigningKey.read(options.key), "issuer")
        out = options.out or options.run / CLAIM_NAME
        write_new(out, claim)
    except (ClaimRefused, DocumentFault, KeyFault, RegisterFault) as error:
        raise UsageFault(str(error)) from error
    made = len(attempts["made"])
    print(
        f"{out}: {'conformance' if claim['conforms'] else 'no conformance'} at level "
        f"{claim['level']}, {claim['assertion']}, attempt {claim['registration']['attempt']} of "
        f"{made}, until {claim['expires_at'][:10]}."
    )
    for reason in claim["reasons"]:
        print(f"  {reason}")
    return 0 if claim["conforms"] else 1
