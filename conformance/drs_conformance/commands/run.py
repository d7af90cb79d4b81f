"""``drs run``: probe a target and report."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from drs_conformance.certification.attempt import Attempt
from drs_conformance.commands.budget import add_alpha_budget, leased, refuse_budget
from drs_conformance.commands.certifying import (
    add_registration,
    attempt_of,
    begun,
    ended,
    require_registration,
)
from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.options import (
    add_selection,
    add_target,
    catalogue,
    selection_of,
    target_of,
)
from drs_conformance.ledger import JournalExists, JournalUnwritable, Ledger
from drs_conformance.profiles import CERTIFY
from drs_conformance.reports.folder import write_reports
from drs_conformance.reports.progress import Progress
from drs_conformance.reports.terminal import print_result
from drs_conformance.results.events import (
    CheckFinished,
    CheckStarted,
    Event,
    EventLog,
    RequirementListed,
)
from drs_conformance.results.result import build_result
from drs_conformance.run import Selection, conduct
from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.target import (
    AuthorisationError,
    LaunchError,
    Target,
    TargetError,
    authorise,
    launch,
)

__all__ = [
    "add_run_command",
    "conducted",
    "launched",
    "new_folder",
    "new_ledger",
    "run_header",
    "watched",
]


def add_run_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs run``."""
    parser = subparsers.add_parser(
        "run",
        help="probe a target and report",
        description="Probe a target. Nothing is sent without an authorisation and a budget.",
    )
    add_target(parser)
    add_selection(parser)
    add_registration(parser)
    add_alpha_budget(parser)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the results (default: drs-results/TIME)"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print the first line only")
    parser.set_defaults(handler=_run)


def _run(options: argparse.Namespace) -> int:
    standard = catalogue(options.spec)
    selection = selection_of(options, standard)
    require_registration(options)
    refuse_budget(options)
    target = target_of(options, standard)
    folder = new_folder(options.out)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        target = launched(target, stack)
        attempt = None
        if selection.profile == CERTIFY:
            attempt, selection = attempt_of(options, target, standard, selection)
        result = _probe(target, standard, selection, folder, attempt, options.alpha_budget)
    console = Console(highlight=False)
    print_result(result, console, folder, time.monotonic() - began, brief=options.quiet)
    code: int = result["exit_code"]
    return code


def new_folder(out: Path | None) -> Path:
    """Return the folder for the results, named by the time unless it is given."""
    folder = out or Path("drs-results") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageFault(f"expected --out to name a new or empty folder, got {folder}")
    return folder


def launched(target: Target, stack: contextlib.ExitStack) -> Target:
    """Start a target that says how, and point at where it listens, if that is authorised too."""
    if target.start is None:
        return target
    try:
        url = stack.enter_context(
            launch(target.start, target.file.parent, os.environ, target.secrets)
        )
        target = target.rebased(url)
        authorise(target, datetime.now(UTC))
    except (LaunchError, TargetError, AuthorisationError) as error:
        raise UsageFault(str(error)) from error
    return target


def new_ledger(
    target: Target,
    standard: Catalogue,
    selection: Selection,
    folder: Path,
    attempt: Attempt | None = None,
    budget: Path | None = None,
) -> Ledger:
    """Return a ledger whose journal's header says what the run is; nothing is sent yet."""
    header = run_header(target, standard, selection, leased(budget))
    try:
        return Ledger.record(
            folder,
            target,
            header,
            registered=attempt.registered if attempt else None,
            version=standard.version,
        )
    except (JournalExists, JournalUnwritable, AuthorisationError) as error:
        raise UsageFault(str(error)) from error


def run_header(
    target: Target, standard: Catalogue, selection: Selection, alpha: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the journal's header says of a run; :func:`leased` gives its ``alpha``."""
    return {
        **alpha,
        "authorisation": target.authorisation.digest,
        "selection": selection.record(),
        "spec_digest": standard.digest,
        "target_file": str(target.file),
        "trusted_key": target.trusted_key,
        "waivers": [
            {
                "requirement": waiver.requirement,
                "reason": waiver.reason,
                "expires": waiver.expires.isoformat(),
            }
            for waiver in target.waivers
        ],
    }


def _probe(
    target: Target,
    standard: Catalogue,
    selection: Selection,
    folder: Path,
    attempt: Attempt | None,
    budget: Path | None,
) -> dict[str, Any]:
    ledger = new_ledger(target, standard, selection, folder, attempt, budget)
    if attempt is not None:
        begun(attempt, ledger)
    result = watched(ledger, folder, standard)
    if attempt is not None:
        ended(attempt, result)
    return result


def watched(ledger: Ledger, folder: Path, standard: Catalogue) -> dict[str, Any]:
    """Do what :func:`conducted` does, and show on stderr how far it is."""
    with _Watch() as watch:
        return conducted(ledger, folder, standard, watch.hear)


def conducted(
    ledger: Ledger, folder: Path, standard: Catalogue, hear: Callable[[Event], None]
) -> dict[str, Any]:
    """Run the checks, write events and reports into the folder, and return the result."""
    events: list[Event] = []
    with EventLog(folder) as log:

        def hear_all(event: Event) -> None:
            events.append(event)
            log.hear(event)
            hear(event)

        conduct(ledger, standard, hear_all)
    result = build_result(events)
    write_reports(folder, result)
    return result


class _Watch:
    """Shows on stderr what is being checked."""

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}
        self._progress: Progress | None = None

    def hear(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, RequirementListed) and event.status == "selected":
            self._titles[event.id] = event.title
        elif isinstance(event, CheckStarted):
            if self._progress is None:
                self._progress = Progress(Console(stderr=True), len(self._titles))
            self._progress.checking(event.requirement, self._titles[event.requirement])
        elif isinstance(event, CheckFinished) and self._progress is not None:
            self._progress.finished(event.requirement, event.verdict)

    def __enter__(self) -> _Watch:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()
