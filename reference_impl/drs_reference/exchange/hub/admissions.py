"""Which requests came before, and how much each member has sent: kept over restarts."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from drs_reference.exchange.hub.database import Database
from drs_reference.exchange.hub.entries import microseconds
from drs_reference.exchange.hub.membership import Member
from drs_reference.exchange.message_signatures import SKEW, Signed

_KEPT = 4 * SKEW
"""Longer than a signature is taken, by much: the clock may be set back a little."""


class NonceUsedError(Exception):
    """A nonce came before."""


class QuotaError(Exception):
    """A member has sent what it may send in a day; ``wait`` until it may send again."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("the quota of the day is used up")
        self.wait = wait


class Admissions:
    """Nonces and quotas of one hub."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def admit(self, member: Member, signed: Signed, objects: int, now: datetime) -> None:
        """Note a request and the number of its objects, before they are judged.

        Refused objects count too: they cost the hub as much. Raises ``NonceUsedError`` or
        ``QuotaError``, and notes nothing then.
        """
        day = now.date().isoformat()
        with self._database.transaction() as run:
            run.execute("DELETE FROM nonce WHERE seen < ?", (microseconds(now - _KEPT),))
            run.execute("DELETE FROM used WHERE day < ?", (day,))
            try:
                row = (signed.kid, signed.nonce, microseconds(now))
                run.execute("INSERT INTO nonce VALUES (?, ?, ?)", row)
            except sqlite3.IntegrityError as error:
                raise NonceUsedError from error
            run.execute(
                "INSERT INTO used VALUES (?, ?, ?) ON CONFLICT (member, day) "
                "DO UPDATE SET objects = objects + excluded.objects",
                (member.id, day, objects),
            )
            query = "SELECT objects FROM used WHERE member = ? AND day = ?"
            (sent,) = run.execute(query, (member.id, day)).fetchone()
            if sent > member.objects_per_day:
                midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
                raise QuotaError(midnight + timedelta(days=1) - now)
