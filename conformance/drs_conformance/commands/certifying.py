"""What ``drs run`` needs for a registered run."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drs_conformance.certification.attempt import (
    Attempt,
    AttemptRefused,
    begin,
    end,
    open_attempt,
)
from drs_conformance.certification.documents import DocumentFault, read_checked
from drs_conformance.certification.nonces import NonceFault
from drs_conformance.certification.register import REGISTER_NAME, RegisterFault
from drs_conformance.commands.errors import UsageFault
from drs_conformance.ledger import Ledger
from drs_conformance.profiles import CERTIFY
from drs_conformance.run import Selection
from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.target import Target

__all__ = ["add_registration", "attempt_of", "begun", "ended", "require_registration"]


def add_registration(parser: argparse.ArgumentParser) -> None:
    """Add what names the registration of a run."""
    parser.add_argument(
        "--registration",
        type=Path,
        metavar="FILE",
        help="registration of this run, for --profile certify",
    )
    parser.add_argument(
        "--register",
        type=Path,
        metavar="FILE",
        help=f"register of the target (default: {REGISTER_NAME} beside the registration)",
    )
    parser.add_argument(
        "--no-witness",
        action="store_true",
        help="run without a witness; the run is then self-asserted",
    )


def require_registration(options: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    if options.profile != CERTIFY:
        if options.registration or options.register or options.no_witness:
            raise UsageFault(f"a registration is for --profile {CERTIFY} only")
        return
    if options.registration is None:
        raise UsageFault(
            f"--profile {CERTIFY} needs a registration: make one with `drs register`, have a "
            "witness sign it, and name it with --registration"
        )
    if options.seed is not None:
        raise UsageFault("the seed of a registered run follows from its nonces; leave --seed out")
    if options.only:
        raise UsageFault("a registered run takes every requirement; leave --only out")


def attempt_of(
    options: argparse.Namespace, target: Target, standard: Catalogue, selection: Selection
) -> tuple[Attempt, Selection]:
    """Return the attempt that the registration permits, and the selection with its seed.

    Level and classes that were not given are those of the registration.
    """
    register = options.register or options.registration.with_name(REGISTER_NAME)
    try:
        registered = read_checked(options.registration, "registration")["selection"]
        selection = dataclasses.replace(
            selection,
            level=selection.level or registered["level"],
            classes=selection.classes or tuple(registered["classes"]),
        )
        attempt = open_attempt(
            options.registration,
            register,
            target,
            standard,
            selection.record(),
            witness_needed=not options.no_witness,
        )
    except (AttemptRefused, DocumentFault, NonceFault, RegisterFault) as error:
        raise UsageFault(str(error)) from error
    return attempt, dataclasses.replace(selection, seed=attempt.seed)


def begun(attempt: Attempt, ledger: Ledger) -> None:
    """Note that the attempt begins; the journal is there and nothing was sent yet."""
    try:
        begin(attempt)
    except RegisterFault as error:
        ledger.close("the register could not be written; nothing was sent")
        raise UsageFault(f"{error}; nothing was sent") from error


def ended(attempt: Attempt, result: Mapping[str, Any]) -> None:
    """Note how the attempt ended; where that fails it counts as aborted, and this is said."""
    try:
        end(attempt, result)
    except RegisterFault as error:
        print(f"drs: the attempt counts as aborted: {error}", file=sys.stderr)
