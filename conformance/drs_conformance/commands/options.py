"""Options that several commands share, and what they lead to."""

from __future__ import annotations

import argparse
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from drs_conformance.commands.errors import UsageFault
from drs_conformance.profiles import PROFILES
from drs_conformance.run import Selection
from drs_conformance.selection import LEVELS, UnknownRequirement, choose
from drs_conformance.specification.catalogue import Catalogue, CatalogueError, installed_catalogue
from drs_conformance.specification.location import StandardNotFoundError, standing_version
from drs_conformance.target import AuthorisationError, Target, TargetError, authorise, load_target

__all__ = ["add_classes", "add_selection", "add_target", "catalogue", "selection_of", "target_of"]

CLASSES = ("provider", "participant", "hub", "detector")


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add ``--target``, the limits that narrow its budget, and ``--spec``."""
    parser.add_argument("--target", type=Path, required=True, metavar="FILE", help="target file")
    parser.add_argument("--max-requests", type=int, metavar="N", help="send at most N requests")
    parser.add_argument("--max-cost", type=float, metavar="USD", help="spend at most USD")
    parser.add_argument(
        "--spec",
        metavar="VERSION",
        help="version of the standard (default: the newest that is frozen, else the newest)",
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add what chooses requirements."""
    parser.add_argument("--profile", choices=tuple(PROFILES), default="smoke", help="how much")
    add_classes(parser)
    parser.add_argument(
        "--only",
        default="",
        metavar="ID,...",
        help="these requirements and what they depend on; supports no claim",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the generated examples")


def add_classes(parser: argparse.ArgumentParser) -> None:
    """Add level and classes."""
    parser.add_argument("--level", choices=LEVELS, help="up to this level (default: as declared)")
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        choices=CLASSES,
        default=[],
        help="class to test, may be repeated (default: as declared)",
    )


def catalogue(version: str | None) -> Catalogue:
    """Load the catalogue of a version, or of the one that endpoints are held against."""
    try:
        return installed_catalogue(version or standing_version())
    except (CatalogueError, StandardNotFoundError) as error:
        raise UsageFault(str(error)) from error


def selection_of(options: argparse.Namespace, standard: Catalogue) -> Selection:
    """Return the selection that was asked for; unknown requirements are refused here."""
    only = tuple(part.strip() for part in options.only.split(",") if part.strip())
    try:
        choose(standard, "L3", CLASSES, only)
    except UnknownRequirement as error:
        raise UsageFault(str(error)) from error
    if options.seed is not None and not 0 <= options.seed < 2**53:
        raise UsageFault(f"expected --seed from 0 to 2^53-1, got {options.seed}")
    seed = options.seed if options.seed is not None else secrets.randbelow(2**53)
    return Selection(options.profile, seed, options.level, tuple(options.classes), only)


def target_of(options: argparse.Namespace, standard: Catalogue) -> Target:
    """Load the target file and hold it against its authorisation."""
    try:
        target = load_target(options.target, os.environ)
        target = target.narrowed(options.max_requests, options.max_cost)
        tested = {item.id for item in standard.requirements if item.verify == "test"}
        authorise(target, datetime.now(UTC), requirements=tested)
    except (TargetError, AuthorisationError) as error:
        raise UsageFault(str(error)) from error
    return target
