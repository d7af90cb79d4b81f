"""SQLite files: private, write-ahead log, full sync at every commit."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from drs_reference.storage.base import StorageError

__all__ = ["ServerFile", "SqliteFile", "read_only"]

_SECRETS = (
    "CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;\n"
)
_WAIT_S = 5.0


class SqliteFile:
    """A file that only its owner can read. ``lock`` is held by whoever uses ``run``.

    Several processes may share it. Safe to use from several threads.
    """

    def __init__(self, path: Path, tables: str) -> None:
        """Open or create ``path`` with its tables. Raises ``StorageError``."""
        self.lock = threading.RLock()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self.run = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=_WAIT_S
            )
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"the storage {path} cannot be opened: {error}") from error
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self.run.execute(f"PRAGMA {pragma}")
            self.run.executescript(tables)
        except sqlite3.Error as error:
            self.run.close()
            raise StorageError(f"the storage {path} cannot be used: {error}") from error

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

    def close(self) -> None:
        """Release the file."""
        with self.lock:
            self.run.close()


class ServerFile(SqliteFile):
    """The file of a server, and its secrets. No second server takes it; others may read it.

    What a server knows of its file stays true because nobody else writes: it holds a lock on a
    file beside it as long as it lives.
    """

    def __init__(self, path: Path, tables: str) -> None:
        """Open or create ``path``. Raises ``StorageError``, also where another server has it."""
        self._owned = _own(path)
        try:
            super().__init__(path, _SECRETS + tables)
        except StorageError:
            os.close(self._owned)
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
        """Release the file to the next server."""
        super().close()
        if self._owned >= 0:
            os.close(self._owned)
            self._owned = -1


def _own(path: Path) -> int:
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StorageError(f"the storage {path} cannot be opened: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StorageError(f"the storage {path} cannot be used: another server uses it") from error
    return lock


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """One moment of a file as it was last committed, whether a server has it or not.

    Raises ``StorageError``.
    """
    if not path.is_file():
        raise StorageError(f"there is no storage at {path}; name the one that the server uses")
    connection = None
    try:
        # Only who may write can join in reading the log of a server that runs.
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=_WAIT_S
        )
        connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        yield connection
    except sqlite3.Error as error:
        raise StorageError(f"the storage {path} cannot be read: {error}") from error
    finally:
        if connection is not None:
            connection.close()
