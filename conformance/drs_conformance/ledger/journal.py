"""The journal: one JSON line a record, each naming the digest of the line before.

A line is whole or the last one, and canonical (RFC 8785). An intent is durable before it is sent; a
response is written before a check sees it, and durable before anything that follows is sent.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from drs_conformance.chain import FIRST_PREV, ChainBroken, line_digest, link, read_link
from drs_conformance.interruption import uninterrupted
from drs_conformance.ledger.records import Record, exchanges_of

if sys.platform != "win32":
    import fcntl

__all__ = [
    "JOURNAL_NAME",
    "JournalDamaged",
    "JournalExists",
    "JournalSummary",
    "JournalUnwritable",
    "JournalWriter",
    "read_journal",
    "verify_journal",
]

JOURNAL_NAME = "journal.jsonl"
_KINDS = frozenset({"header", "intent", "response", "fault", "wait", "clock", "resumed", "footer"})
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
    without response. `last` is the SHA-256 of the last whole line.
    """

    records: int
    exchanges: int
    unanswered: tuple[str, ...]
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

    def append(self, record: Record) -> None:
        """Add a record; once this returns it survives a kill, after `sync` a power cut too.

        Ctrl-C is put off until the record is whole and counted.

        Raises:
            JournalUnwritable: it could not be written. The journal takes no more records then.

        """
        with uninterrupted():
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

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def read_journal(path: Path) -> tuple[list[Record], JournalSummary]:
    """Read and verify a journal.

    Raises:
        JournalDamaged: see `verify_journal`.

    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalDamaged(0, f"could not read {path}: {error.strerror}") from None
    return _verified(content)


# One command reads its journal several times over.
@functools.lru_cache(maxsize=1)
def _verified(content: bytes) -> tuple[list[Record], JournalSummary]:
    *lines, tail = content.split(b"\n")
    records: list[Record] = []
    order = _Order()
    prev = FIRST_PREV
    for number, line in enumerate(lines, start=1):
        try:
            record: Record = read_link(number, line, prev)
        except ChainBroken as error:
            raise JournalDamaged(error.line, error.reason) from None
        order.check(number, record)
        records.append(record)
        prev = line_digest(line)
    if not records:
        raise JournalDamaged(1, "expected a header, got no whole line")
    return records, _summary(records, len(tail), prev)


def verify_journal(path: Path) -> JournalSummary:
    """Check the chain and the order of a journal's records.

    A missing footer and a last line that was cut off are no damage: they are reported in the
    summary, because that is how a run that was killed leaves its journal.

    Raises:
        JournalDamaged: a line is not canonical JSON, does not follow from the one before, or is
            not a record that can stand there.

    """
    return read_journal(path)[1]


class _Order:
    """What may stand where, line by line."""

    def __init__(self) -> None:
        self._kind: str | None = None
        self._concurrency = 1
        self._open: set[object] = set()
        self._is_answered = False

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
        elif kind == "intent":
            # The suite sends some at once and then waits until all are answered.
            if self._is_answered or len(self._open) == self._concurrency:
                self._open.clear()
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


def _concurrency(header: Record) -> int:
    target = header.get("target")
    most = target.get("max_concurrency", 1) if isinstance(target, dict) else 1
    return most if isinstance(most, int) else 1


def _summary(records: list[Record], truncated_bytes: int, last: str) -> JournalSummary:
    try:
        exchanges = exchanges_of(records)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JournalDamaged(
            len(records), f"a record before here lacks something: {error!r}"
        ) from None
    keys = {(exchange.lane, exchange.ordinal) for exchange in exchanges}
    intents = sum(record["kind"] == "intent" for record in records)
    if len(keys) != intents or len(exchanges) != intents:
        raise JournalDamaged(len(records), "two intents have the same id, or lane and ordinal")
    return JournalSummary(
        records=len(records),
        exchanges=len(exchanges),
        unanswered=tuple(e.id for e in exchanges if e.fault and e.fault.kind == "censored"),
        header=records[0],
        footer=records[-1] if records[-1]["kind"] == "footer" else None,
        truncated_bytes=truncated_bytes,
        last=last,
    )


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
