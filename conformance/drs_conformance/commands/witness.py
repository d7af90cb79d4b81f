"""``drs witness``: what a standards body or an auditor does, on a machine of its own. Offline."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drs_conformance.certification.documents import DocumentFault, read_checked, write_new
from drs_conformance.certification.register import REGISTER_NAME, RegisterFault, read_register
from drs_conformance.certification.signing import KeyFault, SigningKey
from drs_conformance.certification.witness import (
    WitnessRefused,
    countersign_claim,
    sign_registration,
)
from drs_conformance.commands.errors import UsageFault

__all__ = ["add_witness_command"]


def add_witness_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs witness``."""
    parser = subparsers.add_parser(
        "witness",
        help="sign registrations and claims, as a witness",
        description="Keep copies of registers, and sign registrations and claims.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    keygen = commands.add_parser("keygen", help="make a key")
    keygen.add_argument("--out", type=Path, required=True, metavar="FILE", help="private key")
    keygen.set_defaults(handler=_guarded(_keygen))
    for name, handler, what, suffix in (
        ("sign", _sign, "registration", "signed"),
        ("countersign", _countersign, "claim", "countersigned"),
    ):
        command = commands.add_parser(name, help=f"sign a {what}")
        command.add_argument("file", type=Path, metavar="FILE", help=what)
        command.add_argument("--key", type=Path, required=True, metavar="FILE", help="private key")
        command.add_argument(
            "--register",
            type=Path,
            metavar="FILE",
            help=f"the lab's register (default: {REGISTER_NAME} beside the {what})",
        )
        command.add_argument(
            "--copies",
            type=Path,
            metavar="DIR",
            help="where the witness keeps what it saw (default: beside the key)",
        )
        command.add_argument(
            "--out", type=Path, metavar="FILE", help=f"default: with `.{suffix}` in its name"
        )
        command.set_defaults(handler=_guarded(handler), suffix=suffix)


def _keygen(options: argparse.Namespace) -> int:
    key = SigningKey.generate()
    public = key.write(options.out)
    print(f"{key.kid}: {options.out} is the private key, keep it to yourself; publish {public}.")
    return 0


def _sign(options: argparse.Namespace) -> int:
    registration = read_checked(options.file, "registration")
    key, out = SigningKey.read(options.key), _out(options)
    signed = sign_registration(registration, _register(options), _copies(options), key)
    write_new(out, signed)
    print(f"Attempt {signed['attempt']} of the register {signed['register']['id']}, {key.kid}.")
    print(f"Send {out} to the lab.")
    return 0


def _countersign(options: argparse.Namespace) -> int:
    claim = read_checked(options.file, "conformance-claim")
    key, out = SigningKey.read(options.key), _out(options)
    signed = countersign_claim(claim, _register(options), _copies(options), key)
    write_new(out, signed)
    print(f"No attempt of the register is missing from the claim, {key.kid}: {out}.")
    return 0


def _register(options: argparse.Namespace) -> Any:
    return read_register(options.register or options.file.with_name(REGISTER_NAME))


def _copies(options: argparse.Namespace) -> Path:
    copies: Path = options.copies or options.key.with_name(f"{options.key.name}.copies")
    return copies


def _out(options: argparse.Namespace) -> Path:
    file: Path = options.file
    out: Path = options.out or file.with_name(f"{file.stem}.{options.suffix}{file.suffix}")
    if out.exists():
        raise UsageFault(f"{out} is there already")
    return out


def _guarded(
    handler: Callable[[argparse.Namespace], int],
) -> Callable[[argparse.Namespace], int]:
    def guarded(options: argparse.Namespace) -> int:
        try:
            return handler(options)
        except WitnessRefused as error:
            print(f"Not signed: {error}.")
            return 1
        except (DocumentFault, KeyFault, RegisterFault) as error:
            raise UsageFault(str(error)) from error

    return guarded
