"""The commands of `drs` that read the standard and send nothing.

Each `add_*` function mounts one command on the subparsers of `drs` and sets its `handler`, which
takes the parsed arguments and returns the exit code: 0 in order, 1 not in order, 2 a wrong
argument or something that cannot be read.
"""

import argparse
import datetime
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drs_conformance.reports.oscal import oscal_catalogue, oscal_text
from drs_conformance.reports.oscal_date import NO_DATE, BadDate, last_modified
from drs_conformance.specification.catalogue import CatalogueError, load_catalogue
from drs_conformance.specification.catalogue_views import catalogue_document, catalogue_markdown
from drs_conformance.specification.checks_index import CheckSourceError, find_checks, find_mutants
from drs_conformance.specification.documents import DocumentError, read_document
from drs_conformance.specification.formats import moment
from drs_conformance.specification.inspection import inspect_specification
from drs_conformance.specification.location import (
    LATEST_VERSION,
    StandardNotFoundError,
    standard_root,
)
from drs_conformance.specification.matrix import (
    matrix,
    matrix_document,
    matrix_markdown,
    matrix_text,
)
from drs_conformance.specification.schemas import UnknownSchemaError, schema_set

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

OK, NOT_IN_ORDER, UNUSABLE = 0, 1, 2

_PACKAGE_CHECKS = Path(__file__).resolve().parents[1] / "checks"
_CHECKS = Path("conformance/drs_conformance/checks")
_MUTANTS = Path("conformance/tests/mutants")


def add_catalogue_command(subparsers: "Subparsers") -> None:
    """Mount `drs catalogue`."""
    parser = subparsers.add_parser("catalogue", help="list the requirements of the standard")
    _add_root(parser)
    parser.add_argument(
        "--format",
        choices=("json", "markdown", "oscal"),
        default="json",
        help="default: %(default)s",
    )
    parser.add_argument(
        "--modified",
        type=_moment,
        metavar="TIME",
        help="when the text was last modified, for oscal (default: SOURCE_DATE_EPOCH)",
    )
    parser.set_defaults(handler=_guarded(_catalogue))


def add_spec_command(subparsers: "Subparsers") -> None:
    """Mount `drs spec check`."""
    parser = subparsers.add_parser("spec", help="look after the text of the standard")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="find mistakes in chapters, registries and checks")
    _add_root(check)
    check.set_defaults(handler=_guarded(_spec_check))


def add_validate_command(subparsers: "Subparsers") -> None:
    """Mount `drs validate`."""
    parser = subparsers.add_parser("validate", help="hold documents against a schema")
    parser.add_argument("schema", metavar="SCHEMA", help="name of a schema, such as declaration")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="JSON or YAML file")
    parser.set_defaults(handler=_guarded(_validate))


def add_matrix_command(subparsers: "Subparsers") -> None:
    """Mount `drs matrix`."""
    parser = subparsers.add_parser("matrix", help="show what tests each requirement")
    _add_root(parser)
    parser.add_argument(
        "--format",
        choices=("table", "json", "markdown"),
        default="table",
        help="default: %(default)s",
    )
    parser.set_defaults(handler=_guarded(_matrix))


def _catalogue(arguments: argparse.Namespace) -> int:
    catalogue = load_catalogue(LATEST_VERSION, arguments.root)
    if arguments.format == "markdown":
        print(catalogue_markdown(catalogue), end="")
    elif arguments.format == "oscal":
        modified = last_modified(arguments.modified, os.environ)
        remarks = f"The digest of the catalogue is {catalogue.digest}."
        if modified == NO_DATE:
            remarks += " No date was given; last-modified is the start of 1970 so that the same "
            remarks += "text gives the same document."
        print(oscal_text(oscal_catalogue(catalogue, modified, remarks)), end="")
    else:
        _print_json(catalogue_document(catalogue))
    return OK


def _spec_check(arguments: argparse.Namespace) -> int:
    root = arguments.root or standard_root()
    mutants = root / _MUTANTS
    findings = inspect_specification(
        root, LATEST_VERSION, _checks_folder(root), mutants if mutants.is_dir() else None
    )
    for finding in findings:
        print(finding)
    errors = sum(finding.severity == "error" for finding in findings)
    place = f"version {LATEST_VERSION} in {root}"
    if findings:
        files = len({finding.file for finding in findings})
        print(f"{place}: {_counted(len(findings), 'mistake')} in {_counted(files, 'file')}")
    else:
        print(f"{place}: in order")
    return NOT_IN_ORDER if errors else OK


def _validate(arguments: argparse.Namespace) -> int:
    schemas = schema_set(LATEST_VERSION)
    schemas.validator(arguments.schema)
    code = OK
    for file in arguments.files:
        try:
            document = read_document(file)
        except DocumentError as error:
            print(error, file=sys.stderr)
            code = UNUSABLE
            continue
        problems = schemas.problems(arguments.schema, document.value)
        for problem in problems:
            line = document.line(problem.pointer)
            place = f"{file}:{problem.pointer}" if problem.pointer else f"{file}"
            print(f"{place}: {problem.message} (line {line})")
        if problems:
            code = max(code, NOT_IN_ORDER)
        else:
            print(f"{file}: valid")
    return code


def _matrix(arguments: argparse.Namespace) -> int:
    root = arguments.root or standard_root()
    rows = matrix(
        load_catalogue(LATEST_VERSION, root),
        find_checks(_checks_folder(root)),
        find_mutants(root / _MUTANTS),
    )
    if arguments.format == "json":
        _print_json(matrix_document(rows))
    else:
        print((matrix_markdown if arguments.format == "markdown" else matrix_text)(rows), end="")
    return OK


def _checks_folder(root: Path) -> Path:
    """Return the checks beside the text, or those of this package where there are none."""
    beside = root / _CHECKS
    return beside if beside.is_dir() else _PACKAGE_CHECKS


def _guarded(
    command: Callable[[argparse.Namespace], int],
) -> Callable[[argparse.Namespace], int]:
    """Return a handler that turns what the user can mend into a message and exit code 2."""

    def handler(arguments: argparse.Namespace) -> int:
        try:
            return command(arguments)
        except (
            BadDate,
            CatalogueError,
            CheckSourceError,
            DocumentError,
            StandardNotFoundError,
            UnknownSchemaError,
        ) as error:
            print(f"drs: {error}", file=sys.stderr)
            return UNUSABLE

    return handler


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="directory with spec/ and schemas/ (default: the installed standard)",
    )


def _moment(text: str) -> datetime.datetime:
    try:
        return moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
