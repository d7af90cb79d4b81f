"""What is committed comes back, and a changed audit trail is noticed."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from drs_reference.response.appeals import Appeal
from drs_reference.response.ladder import Event, Ladder
from drs_reference.response.notices import NoticePolicy
from drs_reference.response.procedure import Procedure
from drs_reference.standard import registry
from drs_reference.storage.base import Change, StorageError
from drs_reference.storage.sqlite import SqliteStorage

STATES = ("standing", "observed", "throttled", "perturbed", "suspended", "terminated")
T0 = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def deferred() -> Change:
    """An account with two measures, of which one is not yet told."""
    machine = Ladder.from_registry(
        registry("ladder"),
        states=STATES,
        quiet_s=dict.fromkeys(("observed", "throttled", "perturbed"), 100),
        suspension_review_s=100,
    )
    acting = Procedure(machine, NoticePolicy(timedelta(seconds=50)))
    account, change = acting.open_account("acct-1", "fresh-1", None, T0), Change()
    happens = [Event("evidence", ("burst", "network"))] * 3
    # Nobody agreed to it, so it changes nothing but the trail.
    for i, event in enumerate([*happens, Event("appeal-upheld", ())]):
        progress = acting.apply(account, event, T0 + timedelta(seconds=i), "case-1")
        account = progress.account
        cases = progress.cases or change.cases
        change = Change((account,), cases, (), change.entries + progress.entries)
    return change


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    change = deferred()
    appeal = Appeal("appeal-1", "acct-1", "case-1", "why \u2026\x00", "received", T0, T0)
    storage = SqliteStorage(tmp_path / "s.sqlite")
    storage.commit(Change(change.accounts, change.cases, (appeal,), change.entries))
    storage.close()
    again = SqliteStorage(tmp_path / "s.sqlite")
    assert again.accounts() == change.accounts
    assert (again.case("case-1"),) == change.cases
    assert again.appeal("appeal-1") == appeal
    assert again.case("case-2") is None
    assert [record.sequence for record in again.audit()] == [1, 2, 3, 4]
    again.commit(Change(entries=change.entries))
    again.close()


def test_a_change_is_committed_whole_or_not_at_all(tmp_path: Path) -> None:
    storage, change = SqliteStorage(tmp_path / "s.sqlite"), deferred()
    unwritable = Appeal("appeal-1", "acct-1", "case-1", "x", "received", T0, "soon")  # type: ignore[arg-type]
    broken = Change(change.accounts, change.cases, (unwritable, object()), change.entries)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        storage.commit(broken)
    assert storage.accounts() == ()
    assert list(storage.audit()) == []
    storage.commit(change)
    assert len(list(storage.audit())) == 4
    storage.close()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET body = replace(body, 'throttled', 'terminated') WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = 1",
        "DELETE FROM audit WHERE sequence = 2",
        "UPDATE audit SET sequence = 9 WHERE sequence = 3",
    ],
)
def test_a_changed_audit_trail_is_noticed(tmp_path: Path, tampering: str) -> None:
    path = tmp_path / "s.sqlite"
    storage = SqliteStorage(path)
    storage.commit(deferred())
    storage.close()
    connection = sqlite3.connect(path)
    connection.execute(
        tampering.replace("replace(body", "CAST(replace(CAST(body AS TEXT)").replace(
            "'terminated')", "'terminated') AS BLOB)"
        )
    )
    connection.commit()
    connection.close()
    with pytest.raises(StorageError, match="audit record"):
        SqliteStorage(path)


def test_secrets_are_made_once(tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path / "s.sqlite")
    assert storage.secret("key", lambda: b"one") == b"one"
    storage.close()
    again = SqliteStorage(tmp_path / "s.sqlite")
    assert again.secret("key", lambda: b"two") == b"one"
    again.close()
    assert (tmp_path / "s.sqlite").stat().st_mode & 0o077 == 0


def test_what_is_no_storage_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, but long enough to look at" * 50)
    for path in (tmp_path / "text", tmp_path / "missing" / "s.sqlite", tmp_path):
        with pytest.raises(StorageError, match="cannot be"):
            SqliteStorage(path)


def test_two_servers_cannot_share_a_file(tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path / "s.sqlite")
    with pytest.raises(StorageError, match="another server"):
        SqliteStorage(tmp_path / "s.sqlite")
    storage.close()


def test_audit_records_are_documents_of_the_standard(tmp_path: Path, conforms: Any) -> None:
    storage = SqliteStorage(tmp_path / "s.sqlite")
    storage.commit(deferred())
    documents = [record.document() for record in storage.audit()]
    storage.close()
    assert documents
    for document in documents:
        conforms("audit-record", document)
