"""Storage in one SQLite file, of one server at a time."""

from __future__ import annotations

import contextlib
import sqlite3
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
from drs_reference.storage.sqlite_file import ServerFile, read_only
from drs_reference.timestamps import rfc3339

_TABLES = """
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS casefile (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS appeal (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS audit (
    sequence INTEGER PRIMARY KEY, body BLOB NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
"""
_AUDIT = "SELECT * FROM audit ORDER BY sequence"
_UPSERT = "INSERT INTO {} (id, row) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET row = excluded.row"


class SqliteStorage:
    """A ``Storage`` in a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        """Open or create ``path`` and check its audit trail. Raises ``StorageError``."""
        self.path = path
        self._file = ServerFile(path, _TABLES)
        try:
            last = check_chain(self.audit())
        except (sqlite3.Error, AuditChainError) as error:
            self._file.close()
            raise StorageError(f"the storage {path} cannot be used: {error}") from error
        self._sequence, self._digest = (last.sequence, last.digest) if last else (0, START)

    def commit(self, change: Change) -> None:
        """Write a change in one transaction that is on the disk when this returns."""
        recorded_at = rfc3339(datetime.now(UTC))
        with self._file.lock:
            sequence, digest = self._sequence, self._digest
            records = []
            for entry in change.entries:
                record = chained(sequence + 1, entry_body(entry, recorded_at), digest)
                sequence, digest = record.sequence, record.digest
                records.append((sequence, record.body, record.previous, digest))
            with self._file.transaction() as run:
                for table, rows in (
                    ("account", change.accounts),
                    ("casefile", change.cases),
                    ("appeal", change.appeals),
                ):
                    run.executemany(_UPSERT.format(table), [(row.id, encode(row)) for row in rows])
                run.executemany("INSERT INTO audit VALUES (?, ?, ?, ?)", records)
            self._sequence, self._digest = sequence, digest

    def accounts(self) -> tuple[Account, ...]:
        """Every account with its open case."""
        with self._file.lock:
            rows = [row for (row,) in self._file.run.execute("SELECT row FROM account")]
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
        with self._file.lock:
            rows = self._file.run.execute(_AUDIT).fetchall()
        return (AuditRecord(*row) for row in rows)

    def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The bytes kept under ``name``; made and kept on first use."""
        return self._file.secret(name, make)

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _row(self, table: str, key: str) -> str | None:
        query = f"SELECT row FROM {table} WHERE id = ?"
        with self._file.lock:
            found = self._file.run.execute(query, (key,)).fetchone()
        return None if found is None else str(found[0])


@contextlib.contextmanager
def audit_of(path: Path) -> Iterator[Callable[[], Iterator[AuditRecord]]]:
    """What gives the audit trail of a storage, oldest first, while a server may use it.

    However often it is called, the trail is that of one moment. Raises ``StorageError``.
    """
    with read_only(path) as connection:
        yield lambda: (AuditRecord(*row) for row in connection.execute(_AUDIT))
