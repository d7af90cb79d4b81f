"""``drs resume``: go on with a run that was cut off."""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.options import catalogue
from drs_conformance.commands.replay import replayed
from drs_conformance.commands.run import run_header, watched
from drs_conformance.ledger import (
    JOURNAL_NAME,
    JournalDamaged,
    JournalUnwritable,
    Ledger,
    ReplayDiverged,
    ResumeRefused,
    verify_journal,
)
from drs_conformance.reports.folder import contents, read_exchanges
from drs_conformance.reports.terminal import print_result
from drs_conformance.run import Selection
from drs_conformance.target import AuthorisationError, Target, TargetError, authorise, load_target

__all__ = ["add_resume_command"]


def add_resume_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs resume``."""
    parser = subparsers.add_parser(
        "resume",
        help="go on with a run that was cut off",
        description="Go on with a run that was killed, from the first request that its journal "
        "does not hold. A request whose answer was lost is not sent again. The credentials have to "
        "be set as for `drs run`.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the run")
    parser.add_argument(
        "--target", type=Path, metavar="FILE", help="target file, where it lies elsewhere now"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print the first line only")
    parser.set_defaults(handler=_resume)


def _resume(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    began = time.monotonic()
    try:
        summary = verify_journal(folder / JOURNAL_NAME)
        header = summary.header
        if "registration" in header or summary.footer is None:
            ledger = _opened(folder, header, options.target)
        else:
            _require_reports_missing(folder)
            ledger = Ledger.replay(folder)
        result = watched(ledger, folder, catalogue(header["drs_version"]))
    except JournalDamaged as error:
        raise UsageFault(f"{folder}: there is no run to resume: {error}") from error
    except (JournalUnwritable, ReplayDiverged, ResumeRefused) as error:
        raise UsageFault(f"{folder}: {error}") from error
    console = Console(highlight=False)
    print_result(result, console, folder, time.monotonic() - began, brief=options.quiet)
    code: int = result["exit_code"]
    return code


def _require_reports_missing(folder: Path) -> None:
    """Refuse a run that lacks nothing; one that was killed at its very end lacks its reports."""
    result = replayed(folder)
    names = (name for name, _ in contents(result, read_exchanges(folder, result)))
    if all((folder / name).exists() for name in names):
        raise UsageFault(
            f"{folder} holds a run that ended; there is nothing to go on with. `drs verify` checks "
            "it, `drs run` begins another"
        )


def _opened(folder: Path, header: Any, file: Path | None) -> Ledger:
    run = header["run"]
    standard = catalogue(header["drs_version"])
    target = _target(file or Path(run["target_file"]), header["target"]["budget"])
    selection = Selection.from_record(run["selection"])
    alpha = {name: run[name] for name in ("alpha", "alpha_lease")}
    now = run_header(target, standard, selection, alpha) | {"target_file": run["target_file"]}
    return Ledger.resume(folder, target, now, standard.version)


def _target(file: Path, budget: Any) -> Target:
    try:
        target = load_target(file, os.environ)
        if target.start is not None:
            raise UsageFault(
                f"{file} starts its target, which ended with the run, and with it what it knew of "
                "the accounts; begin a new run"
            )
        target = target.narrowed(budget["max_requests"], budget["max_cost_usd"])
        authorise(target, datetime.now(UTC))
    except (TargetError, AuthorisationError) as error:
        raise UsageFault(str(error)) from error
    return target
