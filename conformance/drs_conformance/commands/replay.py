"""``drs replay``: judge a journal again, offline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.options import catalogue
from drs_conformance.ledger import CutOff, JournalDamaged, Ledger, ReplayDiverged
from drs_conformance.reports.folder import RESULT_NAME
from drs_conformance.reports.terminal import print_requirement, print_result
from drs_conformance.results.events import Event
from drs_conformance.results.result import build_result, result_bytes
from drs_conformance.run import conduct

__all__ = ["add_replay_command", "replayed"]


def add_replay_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs replay``."""
    parser = subparsers.add_parser(
        "replay",
        help="judge a recorded run again, offline",
        description="Run the checks over the journal of a run and compare with its result.json.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a run")
    parser.add_argument("only", nargs="?", metavar="ID", help="explain this requirement")
    parser.set_defaults(handler=_replay)


def _replay(options: argparse.Namespace) -> int:
    result = replayed(options.folder)
    console = Console(highlight=False)
    if options.only is None:
        print_result(result, console, options.folder, None)
    else:
        entry = next((e for e in result["requirements"] if e["id"] == options.only), None)
        if entry is None:
            raise UsageFault(f"expected the identifier of a requirement, got {options.only!r}")
        print_requirement(entry, console)
    recorded = options.folder / RESULT_NAME
    if not recorded.exists():
        console.print(f"{recorded} is not there; nothing to compare with.")
        return int(result["exit_code"])
    if recorded.read_bytes() != result_bytes(result):
        console.print(f"{recorded} is not what the journal gives.", style="bold red")
        return 1
    console.print(f"{recorded} is byte for byte what the journal gives.")
    return int(result["exit_code"])


def replayed(folder: Path, events: list[Event] | None = None) -> dict[str, Any]:
    """Return the result of the run whose journal lies in ``folder``; append to ``events``."""
    try:
        ledger = Ledger.replay(folder)
    except JournalDamaged as error:
        raise UsageFault(f"{folder}: the journal cannot be replayed: {error}") from error
    standard = catalogue(ledger.header["drs_version"])
    recorded = ledger.header["run"]["spec_digest"]
    if recorded != standard.digest:
        raise UsageFault(
            f"{folder} was judged by a standard with the digest {recorded}, this is "
            f"{standard.digest}; replay it with the version of the suite that recorded it"
        )
    events = [] if events is None else events
    try:
        conduct(ledger, standard, events.append)
    except ReplayDiverged as error:
        raise UsageFault(f"{folder}: {error}") from error
    except CutOff:
        raise UsageFault(
            f"{folder}: the run was cut off before it knew the declaration; no check had begun"
        ) from None
    return build_result(events)
