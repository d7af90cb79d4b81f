"""``drs verify``: whether the files of a run are what its journal gives. Offline."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rfc8785
from rich.console import Console

from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.replay import replayed
from drs_conformance.ledger import JOURNAL_NAME, JournalDamaged, verify_journal
from drs_conformance.reports.folder import contents, read_exchanges
from drs_conformance.results.events import EVENTS_NAME, Event, event_document

__all__ = ["add_verify_command"]


def add_verify_command(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Mount ``drs verify``."""
    parser = subparsers.add_parser(
        "verify",
        help="check every file of a run against its journal, offline",
        description="Check the journal's chain, judge it again and compare every file of the run.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a run")
    parser.set_defaults(handler=_verify)


def _verify(options: argparse.Namespace) -> int:
    console = Console(highlight=False)
    folder: Path = options.folder
    if not (folder / JOURNAL_NAME).is_file():
        raise UsageFault(f"expected the folder of a run with a {JOURNAL_NAME}, got {folder}")
    try:
        summary = verify_journal(folder / JOURNAL_NAME)
    except JournalDamaged as error:
        console.print(f"{JOURNAL_NAME}: damaged: {error}", markup=False)
        return 1
    if not summary.complete:
        console.print(f"{JOURNAL_NAME}: the run did not end in order", markup=False)
        return 1
    differing = [name for name, expected in _expected(folder) if not _is(folder / name, expected)]
    for name in differing:
        console.print(f"{name}: not what the journal gives", markup=False)
    if differing:
        return 1
    console.print(
        f"{summary.records} records of the journal hold together, and every other file follows "
        "from them."
    )
    console.print(
        "Self-asserted: no witness signed the seed or the journal, so the whole folder could have "
        "been made up by who ran it."
    )
    return 0


def _expected(folder: Path) -> Iterator[tuple[str, bytes]]:
    events: list[Event] = []
    result = replayed(folder, events)
    lines = [rfc8785.dumps(event_document(event)) + b"\n" for event in events]
    yield EVENTS_NAME, b"".join(lines)
    yield from contents(result, read_exchanges(folder))


def _is(path: Path, expected: bytes) -> bool:
    try:
        return path.read_bytes() == expected
    except OSError:
        return False
