"""The store by itself: order without a clock, one transaction, earlier versions kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from drs_reference.exchange.hub.database import Database
from drs_reference.exchange.hub.entries import Candidate, Refusal
from drs_reference.exchange.hub.queries import ALL, Query
from drs_reference.exchange.hub.store import Store
from drs_reference.exchange.log.merkle import leaf_hash
from drs_reference.storage.base import StorageError

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
EVERYTHING = Query("group-1", "signatures", 1000, versions=frozenset({ALL}))
FIRST = Candidate(
    id="indicator--0",
    version="2026-11-27T12:00:00Z",
    author="identity--1",
    seq=1,
    created=1,
    modified=1,
    tlp="TLP:AMBER",
    revoked=False,
    about=None,
    body=b'{"seq":1}',
)


def other(number: int) -> Candidate:
    return replace(FIRST, id=f"indicator--{number}", body=b'{"id":%d}' % number)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = Database(tmp_path / "hub.sqlite")
    yield Store(database)
    database.close()


@pytest.mark.parametrize("step", [timedelta(0), timedelta(days=-1), timedelta(microseconds=1)])
def test_the_order_rises_even_where_the_clock_does_not(store: Store, step: timedelta) -> None:
    for number in range(20):
        both = [other(2 * number + 5), other(2 * number + 6)]
        store.take("group-1", "signatures", "identity--1", both, NOW + number * step)
    added = [entry.added for entry in store.page(EVERYTHING).entries]
    assert len(added) == 40
    assert added == sorted(set(added))


def test_the_order_goes_on_after_a_restart_into_the_past(tmp_path: Path) -> None:
    stamps = []
    for now in (NOW, NOW - timedelta(days=1), NOW - timedelta(days=2)):
        database = Database(tmp_path / "hub.sqlite")
        store = Store(database)
        store.take("group-1", "signatures", "identity--1", [other(len(stamps))], now)
        stamps = [entry.added for entry in store.page(EVERYTHING).entries]
        database.close()
    assert len(stamps) == 3
    assert stamps == sorted(set(stamps))


def test_a_fault_in_the_middle_leaves_nothing_behind(store: Store) -> None:
    """The third object cannot be written; neither the others nor their leaves may stay."""
    store.take("group-1", "signatures", "identity--1", [FIRST], NOW)
    with store.log("group-1") as log:
        before = log.tree.root()
    unwritable = replace(other(3), seq="three")
    with pytest.raises(Exception, match="TEXT"):
        store.take("group-1", "signatures", "identity--1", [other(1), other(2), unwritable], NOW)
    assert [entry.id for entry in store.page(EVERYTHING).entries] == [FIRST.id]
    with store.log("group-1") as log:
        assert (len(log.tree), log.tree.root()) == (1, before)
        assert log.place(leaf_hash(other(1).body)) is None
    store.take("group-1", "signatures", "identity--1", [other(1)], NOW)
    with store.log("group-1") as log:
        assert log.place(leaf_hash(other(1).body)) == 1


def test_an_object_stays_in_its_collection(store: Store) -> None:
    store.take("group-1", "signatures", "identity--1", [FIRST], NOW)
    status = store.take("group-1", "others", "identity--1", [FIRST], NOW)
    assert "another collection" in status["failures"][0]["message"]
    status = store.take("group-2", "others", "identity--1", [FIRST], NOW)
    assert status["success_count"] == 1


def test_a_refusal_is_told_as_it_is(store: Store) -> None:
    refusal = Refusal("indicator--9", "", "because")
    status = store.take("group-1", "signatures", "identity--1", [refusal], NOW)
    assert status["failures"] == [{"id": "indicator--9", "version": "", "message": "because"}]
    assert "successes" not in status
    assert store.status("group-1", "identity--1", status["id"]) == status
    assert store.status("group-1", "identity--2", status["id"]) is None
    assert store.status("group-2", "identity--1", status["id"]) is None


def test_large_pages_are_cut(store: Store) -> None:
    """Some 8 MB are enough for an answer, whatever the limit says."""
    large = [replace(other(n), body=b"%d" % n + b" " * (3 << 20)) for n in range(6)]
    store.take("group-1", "signatures", "identity--1", large, NOW)
    page = store.page(EVERYTHING)
    assert (len(page.entries), page.more) == (3, True)
    rest = store.page(replace(EVERYTHING, after=page.entries[-1].index))
    assert (len(rest.entries), rest.more) == (3, False)
    assert len(store.page(EVERYTHING, bodies=False).entries) == 6


def test_one_process_at_a_time(tmp_path: Path) -> None:
    database = Database(tmp_path / "hub.sqlite")
    database.secret("key", lambda: b"x")
    with pytest.raises(StorageError, match="another server uses it"):
        Database(tmp_path / "hub.sqlite")
    database.close()
    assert (tmp_path / "hub.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_log_with_its_end_cut_off_is_refused(tmp_path: Path) -> None:
    """The last object is taken out of the file; the hub must not sign a shorter history."""
    database = Database(tmp_path / "hub.sqlite")
    Store(database).take("group-1", "signatures", "identity--1", [other(1), other(2)], NOW)
    with database.transaction() as run:
        run.execute("DELETE FROM object WHERE idx = 1")
    with pytest.raises(StorageError, match="last written"):
        Store(database)
    database.close()
