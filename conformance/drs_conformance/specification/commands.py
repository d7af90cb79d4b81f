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
from drs_conformance.specification.inspection import checks_folder, inspect_text, mutants_folder
from drs_conformance.specification.location import (
    StandardNotFoundError,
    latest_version,
    standard_root,
    versions,
)
from drs_conformance.specification.matrix import (
    matrix,
    matrix_document,
    matrix_markdown,
    matrix_text,
)
from drs_conformance.specification.schemas import UnknownSchemaError, schema_set
from drs_conformance.specification.schemas import problems as schema_problems
from drs_conformance.specification.versioning.commands import add_versioning_commands
from drs_conformance.specification.versioning.impact import NoBaseError
from drs_conformance.specification.versioning.lock import FreezeRefusedError
from drs_conformance.specification.versioning.opening import OpenRefusedError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

OK, NOT_IN_ORDER, UNUSABLE = 0, 1, 2


def add_catalogue_command(subparsers: "Subparsers") -> None:
    """Mount `drs catalogue`."""
    parser = subparsers.add_parser("catalogue", help="list the requirements of the standard")
    _add_root(parser)
    _add_version(parser, "the newest")
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
    """Mount `drs spec` and what is below it."""
    parser = subparsers.add_parser("spec", help="look after the text of the standard")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="find mistakes in chapters, registries and checks")
    _add_root(check)
    _add_version(check, "all")
    check.set_defaults(handler=_guarded(_spec_check))
    add_versioning_commands(commands, _add_root, _guarded)


def add_validate_command(subparsers: "Subparsers") -> None:
    """Mount `drs validate`."""
    parser = subparsers.add_parser("validate", help="hold documents against a schema")
    _add_version(parser, "the `drs_version` of the document, else the newest")
    parser.add_argument("schema", metavar="SCHEMA", help="name of a schema, such as declaration")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="JSON or YAML file")
    parser.set_defaults(handler=_guarded(_validate))


def add_matrix_command(subparsers: "Subparsers") -> None:
    """Mount `drs matrix`."""
    parser = subparsers.add_parser("matrix", help="show what tests each requirement")
    _add_root(parser)
    _add_version(parser, "the newest")
    parser.add_argument(
        "--format",
        choices=("table", "json", "markdown"),
        default="table",
        help="default: %(default)s",
    )
    parser.set_defaults(handler=_guarded(_matrix))


def _catalogue(arguments: argparse.Namespace) -> int:
    catalogue = load_catalogue(arguments.spec, arguments.root)
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
    code = OK
    for version in [arguments.spec] if arguments.spec else versions(root) or [latest_version(root)]:
        findings = inspect_text(root, version)
        for finding in findings:
            print(finding)
        place = f"version {version} in {root}"
        if findings:
            files = len({finding.file for finding in findings})
            print(f"{place}: {_counted(len(findings), 'mistake')} in {_counted(files, 'file')}")
        else:
            print(f"{place}: in order")
        if any(finding.severity == "error" for finding in findings):
            code = NOT_IN_ORDER
    return code


def _validate(arguments: argparse.Namespace) -> int:
    schema_set(arguments.spec).validator(arguments.schema)
    code = OK
    for file in arguments.files:
        try:
            document = read_document(file)
        except DocumentError as error:
            print(error, file=sys.stderr)
            code = UNUSABLE
            continue
        problems = schema_problems(arguments.schema, document.value, arguments.spec)
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
        load_catalogue(arguments.spec, root),
        find_checks(checks_folder(root)),
        find_mutants(mutants_folder(root)),
    )
    if arguments.format == "json":
        _print_json(matrix_document(rows))
    else:
        print((matrix_markdown if arguments.format == "markdown" else matrix_text)(rows), end="")
    return OK


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
            FreezeRefusedError,
            NoBaseError,
            OpenRefusedError,
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


def _add_version(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--spec", metavar="VERSION", help=f"version of the standard (default: {default})"
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
