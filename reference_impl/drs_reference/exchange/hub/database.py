"""The SQLite file of the hub, of one process at a time."""

from __future__ import annotations

from pathlib import Path

from drs_reference.storage.sqlite_file import ServerFile

_TABLES = """
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


class Database(ServerFile):
    """The file. ``lock`` is held by whoever uses ``run``."""

    def __init__(self, path: Path) -> None:
        """Open or create ``path``. Raises ``StorageError``."""
        super().__init__(path, _TABLES)
