"""The journal: one JSON line a record, each naming the digest of the line before.

A line is whole or the last one, and canonical (RFC 8785). An intent is durable before it is sent; a
response is written before a check sees it, and durable before anything that follows is sent.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from drs_conformance.chain import FIRST_PREV, ChainBroken, line_digest, link, read_link
from drs_conformance.interruption import uninterrupted
from drs_conformance.ledger.exchange import Exchange
from drs_conformance.ledger.records import Assembly, Record
from drs_conformance.specification.canonical import canonical_json

if sys.platform != "win32":
    import fcntl

__all__ = [
    "JOURNAL_NAME",
    "JournalDamaged",
    "JournalExists",
    "JournalScan",
    "JournalSummary",
    "JournalUnwritable",
    "JournalWriter",
    "exchanges_beside",
    "read_journal",
    "verify_journal",
]

JOURNAL_NAME = "journal.jsonl"
_KINDS = frozenset(
    {"header", "intent", "response", "fault", "wait", "clock", "signed", "resumed", "footer"}
)
_MAX_LINE_BYTES = 64 * 1024 * 1024


class JournalExists(Exception):
    """The folder already holds the journal of another run."""


class JournalUnwritable(Exception):
    """A record could not be made durable; nothing more may be sent."""


class JournalDamaged(Exception):
    """The journal is not what a run wrote. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class JournalSummary:
    """A journal whose chain holds.

    `footer` is None when the run did not end in order; `truncated_bytes` counts a last line that
    was cut off while it was written, which is what a kill leaves. `unanswered` are the intents
    without response, `resumed` how often the run was gone on with. `last` is the SHA-256 of the
    last whole line.
    """

    records: int
    exchanges: int
    unanswered: tuple[str, ...]
    resumed: int
    header: Mapping[str, Any]
    footer: Mapping[str, Any] | None
    truncated_bytes: int
    last: str

    @property
    def complete(self) -> bool:
        """Whether the run ended in order and nothing is cut off."""
        return self.footer is not None and self.truncated_bytes == 0


class JournalWriter:
    """Appends records to a journal. Only its process may write to it."""

    def __init__(self, path: Path, file: int, seq: int, prev: str) -> None:
        """Use `JournalWriter.create` or `JournalWriter.resume` instead."""
        self.path = path
        self._file: int | None = file
        self._seq = seq
        self._prev = prev
        self.cut_bytes = 0

    @classmethod
    def create(cls, folder: Path) -> JournalWriter:
        """Create the journal in `folder`, which is made when it is missing.

        Raises:
            JournalExists: there is one already.
            JournalUnwritable: the folder or the file cannot be made.

        """
        path = folder / JOURNAL_NAME
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = os.open(path, flags, 0o600)
            _sync_folder(folder)
        except FileExistsError:
            raise JournalExists(
                f"{path} is there already; choose another folder with --out"
            ) from None
        except OSError as error:
            raise JournalUnwritable(f"could not create {path}: {error.strerror}") from None
        _lock(path, file)
        return cls(path, file, 0, FIRST_PREV)

    @classmethod
    def resume(cls, folder: Path) -> JournalWriter:
        """Open the journal of a run that was cut off.

        A half-written last line, of `cut_bytes`, is taken away when the first record is added.

        Raises:
            JournalDamaged: the journal is not what a run wrote.
            JournalUnwritable: it has ended, is still written to, or cannot be written.

        """
        path = folder / JOURNAL_NAME
        try:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise JournalUnwritable(f"could not open {path}: {error.strerror}") from None
        _lock(path, file)
        try:
            _, summary = read_journal(path)
            if summary.footer is not None:
                raise JournalUnwritable(f"{path} has ended ({summary.footer['reason']})")
        except BaseException:
            os.close(file)
            raise
        journal = cls(path, file, summary.records, summary.last)
        journal.cut_bytes = summary.truncated_bytes
        return journal

    def append(self, *records: Record) -> None:
        """Add records; once this returns they survive a kill, after `sync` a power cut too.

        Ctrl-C is put off until they are whole and counted.

        Raises:
            JournalUnwritable: it could not be written. The journal takes no more records then.

        """
        with uninterrupted():
            for record in records:
                self._append(record)

    def sync(self) -> None:
        """Make everything durable that was added. Raises JournalUnwritable."""
        try:
            _sync(self._opened())
        except OSError as error:
            self._give_up(error)

    def _append(self, record: Record) -> None:
        file = self._opened()
        line = link(record, self._seq + 1, self._prev)
        try:
            if self.cut_bytes:
                os.ftruncate(file, os.fstat(file).st_size - self.cut_bytes)
                self.cut_bytes = 0
            _write_all(file, line + b"\n")
        except OSError as error:
            self._give_up(error)
        self._seq += 1
        self._prev = line_digest(line)

    def _opened(self) -> int:
        if self._file is None:
            raise JournalUnwritable(f"{self.path} is closed")
        return self._file

    def _give_up(self, error: OSError) -> NoReturn:
        self.close()
        raise JournalUnwritable(
            f"could not write {self.path}: {error.strerror}; the run cannot go on"
        ) from None

    @property
    def end(self) -> tuple[int, str]:
        """Number of records and SHA-256 of the last line."""
        return self._seq, self._prev

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class JournalScan:
    """Reads and verifies a journal line by line; see `verify_journal` for what it raises.

    After `records` or `exchanges` has come to its end, `summary` is there.
    """

    def __init__(self, path: Path) -> None:
        """Take the path of the journal."""
        self._path = path
        self.summary: JournalSummary

    def records(self) -> Iterator[Record]:
        """Yield the records."""
        for record, _ in self._scan():
            if record is not None:
                yield record

    def exchanges(self) -> Iterator[Exchange]:
        """Yield the exchanges in schedule order."""
        for _, exchanges in self._scan():
            yield from exchanges

    def _scan(self) -> Iterator[tuple[Record | None, list[Exchange]]]:
        """Yield each record with the exchanges that it completes, and at the end what is left."""
        order, assembly = _Order(), Assembly()
        header: Record = {}
        record: Record = {}
        unanswered: list[str] = []
        number, truncated, prev = 0, 0, FIRST_PREV
        try:
            with self._path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        truncated = len(line)
                        break
                    number += 1
                    record = _read(number, line[:-1], prev)
                    prev = line_digest(line[:-1])
                    order.check(number, record)
                    header = header or record
                    exchanges = list(_assembled(number, assembly.add(record)))
                    unanswered += _censored(exchanges)
                    yield record, exchanges
        except OSError as error:
            raise JournalDamaged(0, f"could not read {self._path}: {error.strerror}") from None
        if not header:
            raise JournalDamaged(1, "expected a header, got no whole line")
        rest = list(_assembled(number, assembly.rest()))
        self.summary = JournalSummary(
            records=number,
            exchanges=order.intents,
            unanswered=(*unanswered, *_censored(rest)),
            resumed=order.resumed,
            header=header,
            footer=record if record["kind"] == "footer" else None,
            truncated_bytes=truncated,
            last=prev,
        )
        yield None, rest


def _read(number: int, line: bytes, prev: str) -> Record:
    try:
        return read_link(number, line, prev)
    except ChainBroken as error:
        raise JournalDamaged(error.line, error.reason) from None


def _assembled(number: int, exchanges: Iterator[Exchange]) -> Iterator[Exchange]:
    try:
        yield from exchanges
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JournalDamaged(number, f"a record up to here lacks something: {error!r}") from None


def _censored(exchanges: Iterable[Exchange]) -> Iterator[str]:
    return (e.id for e in exchanges if e.fault is not None and e.fault.kind == "censored")


def read_journal(path: Path) -> tuple[list[Record], JournalSummary]:
    """Read and verify a journal, all of it at once. Raises what `verify_journal` does."""
    scan = JournalScan(path)
    return list(scan.records()), scan.summary


def verify_journal(path: Path) -> JournalSummary:
    """Check the chain and the order of a journal's records.

    A missing footer and a last line that was cut off are no damage: they are reported in the
    summary, because that is how a run that was killed leaves its journal.

    Raises:
        JournalDamaged: a line is not canonical JSON, does not follow from the one before, or is
            not a record that can stand there.

    """
    scan = JournalScan(path)
    for _ in scan.records():
        pass
    return scan.summary


# Quotes inside a text are escaped, so neither can be found in a body.
_IDENTIFIER = re.compile(rb'"id":"(x-\d+)"')
_INTENT = b'"kind":"intent"'


def exchanges_beside(path: Path, identifiers: Collection[str]) -> list[Exchange]:
    """Return the last attempts in the lanes of some exchanges, in schedule order.

    They are read from a journal that was verified, or is being written, so that a run need not
    keep what it was answered.
    """
    pointed_at = {identifier.encode("ascii") for identifier in identifiers}
    lanes: set[str] = set()
    for found, line in _lines_with_identifier(path):
        if found in pointed_at and _INTENT in line:
            lanes.add(json.loads(line)["lane"])
    named = [b'"lane":' + canonical_json(lane) for lane in lanes]
    wanted: set[bytes] = set()
    retried: set[str | None] = set()
    assembly = Assembly()
    with path.open("rb") as file:
        exchanges = [*assembly.add(json.loads(file.readline()))]
    for found, line in _lines_with_identifier(path):
        if _INTENT in line and any(name in line for name in named):
            wanted.add(found)
        if found in wanted:
            record = json.loads(line)
            retried.add(record.get("retry_of"))
            exchanges += assembly.add(record)
    exchanges += assembly.rest()
    return [exchange for exchange in exchanges if exchange.id not in retried]


def _lines_with_identifier(path: Path) -> Iterator[tuple[bytes, bytes]]:
    with path.open("rb") as file:
        for line in file:
            found = _IDENTIFIER.search(line)
            if found is not None:
                yield found[1], line


class _Order:
    """What may stand where, line by line."""

    def __init__(self) -> None:
        self._kind: str | None = None
        self._concurrency = 1
        self._open: set[object] = set()
        self._is_answered = False
        self._ordinals: dict[object, int] = {}
        self.intents = 0
        self.resumed = 0

    def check(self, number: int, record: Record) -> None:
        """Take in the next record. Raises `JournalDamaged`."""
        kind = record.get("kind")
        if kind not in _KINDS:
            raise JournalDamaged(number, f"expected a kind of record, got {kind!r}")
        if (kind == "header") != (number == 1):
            raise JournalDamaged(number, "expected the header on the first line and only there")
        if self._kind == "footer":
            raise JournalDamaged(number, "expected nothing after the footer")
        identifier = record.get("id")
        if kind == "header":
            self._concurrency = _concurrency(record)
        elif kind == "resumed":
            # What was asked before stays without an answer.
            self._open.clear()
            self.resumed += 1
        elif kind == "intent":
            # The suite sends some at once and then waits until all are answered.
            if self._is_answered or len(self._open) == self._concurrency:
                self._open.clear()
            self._count(number, record)
            self._open.add(identifier)
            self._is_answered = False
        elif kind in {"response", "fault"}:
            if identifier not in self._open:
                raise JournalDamaged(
                    number, f"the {kind} of {identifier!r} follows no intent of its own"
                )
            self._open.remove(identifier)
            self._is_answered = True
        self._kind = kind

    def _count(self, number: int, intent: Record) -> None:
        self.intents += 1
        lane, name = intent.get("lane"), f"x-{self.intents:06d}"
        if not isinstance(lane, str):
            raise JournalDamaged(number, f"expected the name of a lane, got {lane!r}")
        self._ordinals[lane] = self._ordinals.get(lane, 0) + 1
        expected = (name, self._ordinals[lane])
        if (intent.get("id"), intent.get("ordinal")) != expected:
            raise JournalDamaged(
                number, f"expected the intent {expected[0]}, number {expected[1]} of its lane"
            )


def _concurrency(header: Record) -> int:
    target = header.get("target")
    most = target.get("max_concurrency", 1) if isinstance(target, dict) else 1
    return most if isinstance(most, int) else 1


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _sync(file: int) -> None:
    # fdatasync leaves out the times of the file, which the journal does not rely on.
    getattr(os, "fdatasync", os.fsync)(file)


def _lock(path: Path, file: int) -> None:
    """Keep every other writer out until the file is closed, as a kill does too."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise JournalUnwritable(f"{path} is still being written by another run") from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
