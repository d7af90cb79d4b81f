"""The SQLite file of the hub: write-ahead log, full sync at every commit, one process at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from drs_reference.storage.base import StorageError

_TABLES = """
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS object (
    root TEXT NOT NULL, idx INTEGER NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, spec_version TEXT NOT NULL, version TEXT NOT NULL, author TEXT NOT NULL,
    seq INTEGER NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, tlp TEXT NOT NULL,
    revoked INTEGER NOT NULL, added INTEGER NOT NULL UNIQUE, body BLOB NOT NULL,
    PRIMARY KEY (root, idx)
) STRICT;
CREATE INDEX IF NOT EXISTS versions ON object (root, id, idx);
CREATE TABLE IF NOT EXISTS head (
    root TEXT PRIMARY KEY, size INTEGER NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS status (
    root TEXT NOT NULL, member TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (root, member, id)
) STRICT;
CREATE TABLE IF NOT EXISTS nonce (
    kid TEXT NOT NULL, nonce TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (kid, nonce)
) STRICT;
CREATE TABLE IF NOT EXISTS used (
    member TEXT NOT NULL, day TEXT NOT NULL, objects INTEGER NOT NULL, PRIMARY KEY (member, day)
) STRICT;
"""


class Database:
    """A file that only its owner can read. ``lock`` is held by whoever uses ``run``."""

    def __init__(self, path: Path) -> None:
        """Open or create ``path``. Raises ``StorageError``."""
        self.lock = threading.RLock()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self.run = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=0.5
            )
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"the storage {path} cannot be opened: {error}") from error
        try:
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
                self.run.execute(f"PRAGMA {pragma}")
            self.run.executescript(_TABLES)
        except sqlite3.Error as error:
            self.run.close()
            hint = " (another server uses it)" if "locked" in str(error) else ""
            raise StorageError(f"the storage {path} cannot be used: {error}{hint}") from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it is on the disk when this ends; none of it when an error ends it."""
        with self.lock:
            self.run.execute("BEGIN IMMEDIATE")
            try:
                yield self.run
                self.run.execute("COMMIT")
            except BaseException:
                if self.run.in_transaction:
                    self.run.execute("ROLLBACK")
                raise

    def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The bytes kept under ``name``; made and kept on first use."""
        with self.transaction() as run:
            found = run.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
            if found is None:
                found = (make(),)
                run.execute("INSERT INTO secret VALUES (?, ?)", (name, *found))
        value: bytes = found[0]
        return value

    def close(self) -> None:
        """Release the file."""
        with self.lock:
            self.run.close()
