"""The objects of the hub, their logs and the statuses of requests.

Nothing is acknowledged before it is on the disk (XCH-04), and no row of an object is ever changed
or removed (XCH-03).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from drs_reference.exchange.hub.database import Database
from drs_reference.exchange.hub.entries import (
    Candidate,
    Entry,
    Held,
    Page,
    Refusal,
    microseconds,
)
from drs_reference.exchange.hub.group_log import GroupLog
from drs_reference.exchange.hub.queries import Query
from drs_reference.exchange.hub.statuses import Outcome, status_document
from drs_reference.exchange.hub.succession import SuccessionError, is_new
from drs_reference.exchange.log.merkle import leaf_hash
from drs_reference.storage.base import StorageError

_SPEC_VERSION = "2.1"
_PAGE_BYTES = 8 << 20
_ENTRY = "o.idx, o.collection, o.id, o.version, o.added"
_HELD = (
    "SELECT collection, author, seq, created, modified, tlp, revoked, body FROM object "
    "WHERE root = ? AND id = ? ORDER BY idx DESC LIMIT 1"
)


class Store:
    """The objects by API root. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        """Rebuild the logs and hold them against what was last written. Raises ``StorageError``."""
        self._database = database
        self._logs: dict[str, GroupLog] = {}
        with database.lock:
            run = database.run
            objects = run.execute("SELECT root, idx, body FROM object ORDER BY root, idx")
            for root, index, body in objects:
                if self._logs.setdefault(root, GroupLog()).append(leaf_hash(body)) != index:
                    raise StorageError(f"the log of {root} has a gap before {index}")
            heads = run.execute("SELECT root, size, hash FROM head").fetchall()
            (last,) = run.execute("SELECT max(added) FROM object").fetchone()
        trees = {(root, len(log.tree), log.tree.root()) for root, log in self._logs.items()}
        if trees != set(heads):
            raise StorageError("a log is not the one that was last written; restore the storage")
        self._added: int = last or 0

    @contextmanager
    def log(self, root: str) -> Iterator[GroupLog]:
        """The log of a root, still while it is looked at."""
        with self._database.lock:
            yield self._logs.get(root) or GroupLog()

    def take(
        self,
        root: str,
        collection: str,
        member: str,
        judged: Sequence[Candidate | Refusal],
        now: datetime,
    ) -> dict[str, Any]:
        """Add what may be added, in one transaction; the status resource, which is kept too."""
        with self._database.lock:
            log, added = self._logs.setdefault(root, GroupLog()), self._added
            size = len(log.tree)
            try:
                with self._database.transaction() as run:
                    outcomes = [self._outcome(run, root, collection, one, now) for one in judged]
                    document = status_document(outcomes, now)
                    row = (root, member, document["id"], json.dumps(document))
                    run.execute("INSERT INTO status VALUES (?, ?, ?, ?)", row)
                    if len(log.tree) > size:
                        head = (root, len(log.tree), log.tree.root())
                        run.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", head)
            except BaseException:
                log.cut(size)
                self._added = added
                raise
        return document

    def _outcome(
        self,
        run: sqlite3.Connection,
        root: str,
        collection: str,
        one: Candidate | Refusal,
        now: datetime,
    ) -> Outcome:
        if isinstance(one, Refusal):
            return Outcome(one.id, one.version, one.message)
        try:
            held = _held(run, root, one.id)
            if held is not None and held.collection != collection:
                raise SuccessionError("the object is in another collection of the group")
            if is_new(one, held, _held(run, root, one.about) if one.about else None):
                self._insert(run, root, collection, one, now)
        except SuccessionError as error:
            return Outcome(one.id, one.version, str(error))
        return Outcome(one.id, one.version, None)

    def _insert(
        self, run: sqlite3.Connection, root: str, collection: str, one: Candidate, now: datetime
    ) -> None:
        # TAXII orders by this time, so it rises even where the clock does not.
        self._added = max(self._added + 1, microseconds(now))
        index = self._logs[root].append(leaf_hash(one.body))
        place = (root, index, collection, one.id, one.type, _SPEC_VERSION, one.version)
        order = (one.author, one.seq, one.created, one.modified, one.tlp, one.revoked)
        row = (*place, *order, self._added, one.body)
        run.execute(f"INSERT INTO object VALUES ({', '.join('?' * len(row))})", row)

    def page(self, query: Query, bodies: bool = True) -> Page:
        """The entries that fit, the oldest first: at most ``limit``, and some 8 MB of bodies."""
        where, values = query.where()
        columns = f"{_ENTRY}, {'o.body' if bodies else 'zeroblob(0)'}"
        text = f"SELECT {columns} FROM object o WHERE {where} ORDER BY o.idx LIMIT ?"
        return self._page(text, [*values, query.limit + 1], query.limit)

    def entries(self, root: str, start: int, limit: int) -> Page:
        """The entries of a log from ``start`` on."""
        where = "o.root = ? AND o.idx >= ? ORDER BY o.idx LIMIT ?"
        text = f"SELECT {_ENTRY}, o.body FROM object o WHERE {where}"
        return self._page(text, [root, start, limit + 1], limit)

    def holds(self, root: str, collection: str, id: str) -> bool:
        """Whether a collection has an object."""
        query = "SELECT 1 FROM object WHERE root = ? AND id = ? AND collection = ? LIMIT 1"
        with self._database.lock:
            found = self._database.run.execute(query, (root, id, collection)).fetchone()
        return found is not None

    def status(self, root: str, member: str, id: str) -> dict[str, Any] | None:
        """The status of a request that a member made."""
        query = "SELECT document FROM status WHERE root = ? AND member = ? AND id = ?"
        with self._database.lock:
            found = self._database.run.execute(query, (root, member, id)).fetchone()
        return None if found is None else json.loads(found[0])

    def _page(self, text: str, values: Sequence[str | int], limit: int) -> Page:
        entries: list[Entry] = []
        size = 0
        with self._database.lock:
            for row in self._database.run.execute(text, values):
                if len(entries) == limit or size > _PAGE_BYTES:
                    return Page(tuple(entries), True)
                entries.append(Entry(*row))
                size += len(entries[-1].body)
        return Page(tuple(entries), False)


def _held(run: sqlite3.Connection, root: str, id: str) -> Held | None:
    found = run.execute(_HELD, (root, id)).fetchone()
    return None if found is None else Held(*found)
