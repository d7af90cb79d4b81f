"""Checking the folder of a run against its journal, for several commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import rfc8785

from drs_conformance.certification.checking import claim_faults, registration_faults
from drs_conformance.certification.claim import CLAIM_NAME
from drs_conformance.certification.documents import DocumentFault, read_checked
from drs_conformance.certification.register import REGISTER_NAME, RegisterFault, read_register
from drs_conformance.commands.errors import UsageFault
from drs_conformance.commands.replay import replayed
from drs_conformance.ledger import JOURNAL_NAME, Exchange, JournalDamaged, verify_journal
from drs_conformance.reports.folder import contents, read_exchanges
from drs_conformance.results.events import EVENTS_NAME, Event, event_document

__all__ = ["Verification"]


class Verification:
    """What the journal in a folder gives, and what in the folder differs from it.

    ``faults`` are lines that each begin with the name of a file. Unless there are some, ``result``
    is the result, ``header`` the first record, ``records`` their number, ``resumed`` how often the
    run was gone on with, ``unanswered`` the number of requests whose answer is lost, ``exchanges``
    those of the journal that reports and claims need, and ``derived`` the files that follow, by
    name.
    """

    def __init__(self, folder: Path) -> None:
        """Judge the run in ``folder`` again. Raises UsageFault where there is none."""
        self.folder = folder
        self.result: dict[str, Any] = {}
        self.header: Mapping[str, Any] = {}
        self.records = self.resumed = self.unanswered = 0
        self.exchanges: dict[str, Exchange] = {}
        self.derived: dict[str, bytes] = {}
        self.faults = list(self._faults())

    def _faults(self) -> Iterator[str]:
        path = self.folder / JOURNAL_NAME
        if not path.is_file():
            raise UsageFault(
                f"expected the folder of a run with a {JOURNAL_NAME}, got {self.folder}"
            )
        try:
            summary = verify_journal(path)
        except JournalDamaged as error:
            yield f"{JOURNAL_NAME}: damaged: {error}"
            return
        if summary.footer is None or not summary.complete:
            yield f"{JOURNAL_NAME}: the run did not end in order; `drs resume` goes on with it"
            return
        self.header, self.records = summary.header, summary.records
        self.resumed, self.unanswered = summary.resumed, len(summary.unanswered)
        found = registration_faults(summary.header, summary.footer)
        if found:
            yield from (f"registration: {fault}" for fault in found)
            return
        events: list[Event] = []
        self.result = replayed(self.folder, events)
        self.exchanges = read_exchanges(self.folder, self.result)
        lines = [rfc8785.dumps(event_document(event)) + b"\n" for event in events]
        self.derived = dict(contents(self.result, self.exchanges))
        for name, expected in {EVENTS_NAME: b"".join(lines), **self.derived}.items():
            if not _is(self.folder / name, expected):
                yield f"{name}: not what the journal gives"

    def claim(self) -> dict[str, Any] | None:
        """Return the claim that lies in the folder, or None; its faults are added."""
        path = self.folder / CLAIM_NAME
        if not path.exists():
            return None
        beside = self.folder / REGISTER_NAME
        try:
            claim = read_checked(path, "conformance-claim")
            register = read_register(beside) if beside.exists() else None
        except (DocumentFault, RegisterFault) as error:
            self.faults.append(f"{CLAIM_NAME}: {error}")
            return None
        found = claim_faults(claim, self.result, self.exchanges, register)
        self.faults += [f"{CLAIM_NAME}: {fault}" for fault in found]
        return claim


def _is(path: Path, expected: bytes) -> bool:
    try:
        return path.read_bytes() == expected
    except OSError:
        return False
