"""``drs compare``: what changed between two runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from drs_conformance.certification.documents import DocumentFault, read_checked
from drs_conformance.commands.errors import UsageFault
from drs_conformance.reports.comparison import COMPARISON_FORMATS
from drs_conformance.reports.folder import RESULT_NAME
from drs_conformance.results.comparison import compare

__all__ = ["add_compare_command", "read_result"]


def add_compare_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs compare``."""
    parser = subparsers.add_parser(
        "compare",
        help="tell what changed between two runs",
        description="Compare two runs, requirement by requirement. Sends nothing.",
        epilog="Exit codes: 0 nothing fails that did not fail before, 1 something does, 2 wrong "
        "usage, 3 something is undecided or untested that was not so before.",
    )
    parser.add_argument("old", type=Path, metavar="OLD", help="folder or result.json of a run")
    parser.add_argument(
        "new", type=Path, metavar="NEW", help="folder or result.json of a later one"
    )
    parser.add_argument("--format", choices=tuple(COMPARISON_FORMATS), default="text")
    parser.set_defaults(handler=_compare)


def _compare(options: argparse.Namespace) -> int:
    comparison = compare(read_result(options.old), read_result(options.new))
    sys.stdout.write(COMPARISON_FORMATS[options.format](comparison))
    code: int = comparison["exit_code"]
    return code


def read_result(place: Path) -> dict[str, Any]:
    """Read the result of a run from its folder, or from the file itself.

    Raises:
        UsageFault: it is not there, or is no result.

    """
    path = place / RESULT_NAME if place.is_dir() else place
    try:
        return read_checked(path, "result")
    except DocumentFault as error:
        raise UsageFault(str(error)) from error
