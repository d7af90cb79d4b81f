"""``drs register``: write an attempt at certification down before its first request."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from drs_conformance.certification.attempt import AttemptRefused, register_attempt
from drs_conformance.certification.documents import DocumentFault
from drs_conformance.certification.nonces import NonceFault, nonce_path
from drs_conformance.certification.register import REGISTER_NAME, RegisterFault
from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.options import add_classes, add_target, catalogue, target_of

__all__ = ["add_register_command"]


def add_register_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs register``."""
    parser = subparsers.add_parser(
        "register",
        help="register an attempt at certification; sends nothing",
        description="Add an attempt to the register of a target and write its registration for "
        "the witness. From then on it counts, whether it is run or not.",
    )
    add_target(parser)
    add_classes(parser)
    parser.add_argument(
        "--register",
        type=Path,
        default=Path(REGISTER_NAME),
        metavar="FILE",
        help="register of the target, made when it is missing (default: %(default)s)",
    )
    parser.set_defaults(handler=_register)


def _register(options: argparse.Namespace) -> int:
    standard = catalogue(options.spec)
    target = target_of(options, standard)
    path: Path = options.register
    try:
        registration, file = register_attempt(
            path, target, standard, options.level, tuple(options.classes)
        )
    except (AttemptRefused, DocumentFault, NonceFault, RegisterFault) as error:
        raise UsageFault(str(error)) from error
    number = registration["attempt"]
    print(f"Attempt {number} of the register {registration['register']['id']} is in {path}.")
    print(f"Send the witness {file} and {path}.")
    print(f"Keep {nonce_path(path, number)} to yourself: it is the lab's part of the seed.")
    print("Nothing was sent.")
    return 0
