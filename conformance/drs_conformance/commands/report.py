"""``drs report``: write one report of a run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from drs_conformance.commands.compare import read_result
from drs_conformance.reports.folder import FORMATS, read_exchanges

__all__ = ["add_report_command"]


def add_report_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs report``."""
    parser = subparsers.add_parser("report", help="print a report of a recorded run")
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a run")
    parser.add_argument("--format", choices=tuple(FORMATS), default="markdown")
    parser.set_defaults(handler=_report)


def _report(options: argparse.Namespace) -> int:
    result = read_result(options.folder)
    sys.stdout.write(FORMATS[options.format](result, read_exchanges(options.folder, result)))
    return 0
