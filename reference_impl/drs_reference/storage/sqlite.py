"""Storage in one SQLite file: write-ahead log, full sync at every commit, one process at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from drs_reference.response.appeals import Appeal
from drs_reference.response.cases import Case
from drs_reference.response.procedure import Account
from drs_reference.storage.audit import (
    START,
    AuditChainError,
    AuditRecord,
    chained,
    check_chain,
    entry_body,
)
from drs_reference.storage.base import Change, StorageError
from drs_reference.storage.encoding import (
    decode_account,
    decode_appeal,
    decode_case,
    encode,
    open_case_of,
)
from drs_reference.timestamps import rfc3339

_TABLES = """
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS casefile (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS appeal (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS audit (
    sequence INTEGER PRIMARY KEY, body BLOB NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
"""
_UPSERT = "INSERT INTO {} (id, row) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET row = excluded.row"


class SqliteStorage:
    """A ``Storage`` in a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        """Open or create ``path`` and check its audit trail. Raises ``StorageError``."""
        self.path = path
        self._lock = threading.Lock()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=0.5
            )
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"the storage {path} cannot be opened: {error}") from error
        try:
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(_TABLES)
            last = check_chain(self.audit())
        except (sqlite3.Error, AuditChainError) as error:
            self._connection.close()
            hint = " (another server uses it)" if "locked" in str(error) else ""
            raise StorageError(f"the storage {path} cannot be used: {error}{hint}") from error
        self._sequence, self._digest = (last.sequence, last.digest) if last else (0, START)

    def commit(self, change: Change) -> None:
        """Write a change in one transaction that is on the disk when this returns."""
        recorded_at = rfc3339(datetime.now(UTC))
        with self._lock:
            sequence, digest = self._sequence, self._digest
            records = []
            for entry in change.entries:
                record = chained(sequence + 1, entry_body(entry, recorded_at), digest)
                sequence, digest = record.sequence, record.digest
                records.append((sequence, record.body, record.previous, digest))
            run = self._connection
            run.execute("BEGIN IMMEDIATE")
            try:
                for table, rows in (
                    ("account", change.accounts),
                    ("casefile", change.cases),
                    ("appeal", change.appeals),
                ):
                    run.executemany(_UPSERT.format(table), [(row.id, encode(row)) for row in rows])
                run.executemany("INSERT INTO audit VALUES (?, ?, ?, ?)", records)
                run.execute("COMMIT")
            except BaseException:
                if run.in_transaction:
                    run.execute("ROLLBACK")
                raise
            self._sequence, self._digest = sequence, digest

    def accounts(self) -> tuple[Account, ...]:
        """Every account with its open case."""
        with self._lock:
            rows = [row for (row,) in self._connection.execute("SELECT row FROM account")]
        decoded = []
        for row in rows:
            case = open_case_of(row)
            decoded.append(decode_account(row, None if case is None else self.case(case)))
        return tuple(decoded)

    def case(self, case: str) -> Case | None:
        """A case, open or closed."""
        row = self._row("casefile", case)
        return None if row is None else decode_case(row)

    def appeal(self, appeal: str) -> Appeal | None:
        """An appeal."""
        row = self._row("appeal", appeal)
        return None if row is None else decode_appeal(row)

    def audit(self) -> Iterator[AuditRecord]:
        """The audit trail, oldest first."""
        with self._lock:
            rows = self._connection.execute("SELECT * FROM audit ORDER BY sequence").fetchall()
        return (AuditRecord(*row) for row in rows)

    def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The bytes kept under ``name``; made and kept on first use."""
        query = "SELECT value FROM secret WHERE name = ?"
        with self._lock:
            found = self._connection.execute(query, (name,)).fetchone()
            if found is None:
                found = (make(),)
                self._connection.execute("INSERT INTO secret VALUES (?, ?)", (name, *found))
        value: bytes = found[0]
        return value

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    def _row(self, table: str, key: str) -> str | None:
        with self._lock:
            found = self._connection.execute(
                f"SELECT row FROM {table} WHERE id = ?", (key,)
            ).fetchone()
        return None if found is None else str(found[0])
