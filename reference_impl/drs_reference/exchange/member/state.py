"""What a member remembers between runs: where it stands in the hub's history, and what it took in.

SQLite, one transaction for what belongs together, on the disk when it returns. Several processes
may share it, such as an endpoint and the command line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drs_reference.storage.base import StorageError
from drs_reference.storage.sqlite_file import SqliteFile

__all__ = [
    "ELSEWHERE",
    "HIDDEN",
    "SERVED",
    "WITHHELD",
    "Kept",
    "LogEntry",
    "MemberState",
    "MemberStateError",
    "Place",
    "Refused",
    "StateMovedError",
    "listed",
]

SERVED, WITHHELD, HIDDEN, ELSEWHERE = "served", "withheld", "hidden", "elsewhere"
"""How an entry of the log came: in the collection; by the log alone; not at all; as one that the
hub says to be of another collection."""

_TABLES = """
CREATE TABLE IF NOT EXISTS object (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, seq INTEGER NOT NULL,
    kind TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (id, seq)
) STRICT;
CREATE TABLE IF NOT EXISTS refused (
    leaf TEXT PRIMARY KEY, id TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entry (
    idx INTEGER PRIMARY KEY, came TEXT NOT NULL, id TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS place (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""
_LISTED_MAX = 5
_TAKE = "INSERT OR IGNORE INTO object (id, seq, kind, body) VALUES (?, ?, ?, ?)"
_REFUSE = "INSERT OR IGNORE INTO refused VALUES (?, ?, ?)"
_ENTRY = (
    "INSERT INTO entry VALUES (?, ?, ?) "
    "ON CONFLICT (idx) DO UPDATE SET came = excluded.came, id = excluded.id"
)
_PLACE = "INSERT INTO place VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class MemberStateError(Exception):
    """The state of a member cannot be used; the message says which file and why."""


class StateMovedError(Exception):
    """Another process has gone on in the hub's history meanwhile."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An object that was taken in: the bytes of its canonical form."""

    id: str
    seq: int
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that was not taken in, by the hash of its leaf in the log, and why."""

    leaf: str
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of the log by its index, and how it came; ``id`` is empty where nothing did."""

    index: int
    came: str
    id: str = ""

    def __str__(self) -> str:
        return f"entry {self.index} ({self.id or 'not shown at all'})"


def listed(entries: Sequence[LogEntry]) -> str:
    """Entries on one line for people, the first few of them by name."""
    more = len(entries) - _LISTED_MAX
    return ", ".join(map(str, entries[:_LISTED_MAX])) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a member has read, and the last checkpoint of the log that it has verified.

    ``trust`` is the digest of whom it trusted then. ``halted`` says why nothing more is taken in.
    """

    added_after: str | None = None
    checkpoint: str | None = None
    trust: str | None = None
    halted: str | None = None


class MemberState:
    """The file. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Open or create ``path``. Raises ``MemberStateError``."""
        try:
            self._file = SqliteFile(path, _TABLES)
        except StorageError as error:
            raise MemberStateError(str(error)) from error

    def place(self) -> Place:
        """Where the member stands."""
        with self._file.lock:
            return self._place()

    def _place(self) -> Place:
        values = dict(self._file.run.execute("SELECT name, value FROM place"))
        return Place(*(values.get(name) for name in Place.__slots__))

    def take(
        self,
        kept: Iterable[Kept],
        refused: Iterable[Refused],
        entries: Iterable[LogEntry],
        before: Place,
        after: Place,
    ) -> None:
        """Keep what a page brought, which entries of the log it was, and where it ended, together.

        Raises ``StateMovedError``, and keeps nothing, where the place is no longer ``before``.
        """
        with self._file.transaction() as run:
            if self._place() != before:
                raise StateMovedError
            run.executemany(_TAKE, [(one.id, one.seq, one.kind, one.body) for one in kept])
            run.executemany(_REFUSE, [(one.leaf, one.id, one.reason) for one in refused])
            run.executemany(_ENTRY, [(one.index, one.came, one.id) for one in entries])
            self._move(run, after)

    def halt(self, reason: str, note: str) -> None:
        """Take nothing in any more, in this run and later ones; ``note`` is kept to show others."""
        with self._file.transaction() as run:
            run.executemany(_PLACE, [("halted", reason), ("conflict", note)])

    def begin_anew(self, trust: str) -> None:
        """Read the hub's history again, from its beginning, as somebody who trusts others does."""
        with self._file.transaction() as run:
            run.execute("DELETE FROM refused")
            run.execute("DELETE FROM entry")
            run.execute("DELETE FROM place WHERE name = 'added_after'")
            run.execute(_PLACE, ("trust", trust))

    def forget(self, ids: Iterable[str]) -> None:
        """Drop every version of objects."""
        with self._file.transaction() as run:
            run.executemany("DELETE FROM object WHERE id = ?", [(id,) for id in ids])

    def body(self, id: str, seq: int) -> bytes | None:
        """The version of an object with this number, if it was taken in."""
        query = "SELECT body FROM object WHERE id = ? AND seq = ?"
        with self._file.lock:
            found = self._file.run.execute(query, (id, seq)).fetchone()
        return None if found is None else found[0]

    def since(self, number: int) -> Mapping[int, Kept]:
        """What was taken in after the object of this number, in its order, by number."""
        query = "SELECT number, id, seq, kind, body FROM object WHERE number > ? ORDER BY number"
        with self._file.lock:
            return {row[0]: Kept(*row[1:]) for row in self._file.run.execute(query, (number,))}

    def refused(self) -> tuple[Refused, ...]:
        """Everything that was not taken in."""
        with self._file.lock:
            rows = self._file.run.execute("SELECT leaf, id, reason FROM refused ORDER BY rowid")
            return tuple(Refused(*row) for row in rows)

    def counts_entries(self) -> bool:
        """Whether it is known how entries came; an earlier version of this program did not ask."""
        with self._file.lock:
            return self._file.run.execute("SELECT 1 FROM entry LIMIT 1").fetchone() is not None

    def missing(self, start: int, size: int, most: int) -> list[int]:
        """The first ``most`` entries from ``start`` on, of a log of ``size``, that never came."""
        where = "FROM entry WHERE idx >= ? AND idx < ? AND came != ?"
        values = (start, size, HIDDEN)
        found: list[int] = []
        with self._file.lock:
            (count,) = self._file.run.execute(f"SELECT count(*) {where}", values).fetchone()
            if count == size - start:
                return found
            for (index,) in self._file.run.execute(f"SELECT idx {where} ORDER BY idx", values):
                # A log may say that it is longer than anybody could count.
                found += range(start, min(index, start + most))
                start = index + 1
                if len(found) >= most:
                    return found[:most]
        return [*found, *range(start, min(size, start + most))][:most]

    def withheld(self) -> tuple[LogEntry, ...]:
        """The entries of the log that the collection should have had and has not."""
        query = "SELECT idx, came, id FROM entry WHERE came IN (?, ?) ORDER BY idx"
        with self._file.lock:
            rows = self._file.run.execute(query, (WITHHELD, HIDDEN))
            return tuple(LogEntry(*row) for row in rows)

    def elsewhere(self) -> int:
        """How many entries the hub says to be of other collections."""
        query = "SELECT count(*) FROM entry WHERE came = ?"
        with self._file.lock:
            return int(self._file.run.execute(query, (ELSEWHERE,)).fetchone()[0])

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _move(self, run: sqlite3.Connection, place: Place) -> None:
        values = {name: getattr(place, name) for name in Place.__slots__}
        run.executemany(_PLACE, [each for each in values.items() if each[1] is not None])
