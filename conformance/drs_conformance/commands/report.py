"""``drs report``: write one report of a run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from drs_conformance.commands.errors import UsageFault
from drs_conformance.reports.folder import FORMATS, RESULT_NAME, read_exchanges
from drs_conformance.specification.schemas import DocumentError, load_document, problems

__all__ = ["add_report_command"]


def add_report_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs report``."""
    parser = subparsers.add_parser("report", help="print a report of a recorded run")
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a run")
    parser.add_argument("--format", choices=tuple(FORMATS), default="markdown")
    parser.set_defaults(handler=_report)


def _report(options: argparse.Namespace) -> int:
    path = options.folder / RESULT_NAME
    try:
        result: Any = load_document(path)
    except DocumentError as error:
        raise UsageFault(str(error)) from error
    faults = problems("result", result)
    if faults:
        raise UsageFault(f"{path} is not a result: {faults[0]}")
    sys.stdout.write(FORMATS[options.format](result, read_exchanges(options.folder, result)))
    return 0
