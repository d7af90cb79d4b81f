"""What a member takes in of the hub's history, page by page: all of a page or nothing.

At the end of the pages the log is asked for what it has and they had not.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from drs_reference.exchange.log.merkle import leaf_hash
from drs_reference.exchange.member.hub_client import PAGE, HubClient, HubError, Page, Shown
from drs_reference.exchange.member.log_watch import HistoryError, LogWatch, Seen, UnprovenError
from drs_reference.exchange.member.state import (
    ELSEWHERE,
    HIDDEN,
    SERVED,
    WITHHELD,
    Kept,
    LogEntry,
    MemberState,
    Place,
    Refused,
)
from drs_reference.exchange.member.trust import Trust
from drs_reference.exchange.member.verification import Holdings, NotTakenError, verified
from drs_reference.exchange.sightings import Sighting
from drs_reference.exchange.signature import Signature

__all__ = ["HaltedError", "Intake", "Taken"]

log = logging.getLogger(__name__)
_ID = re.compile(r"[a-z-]{1,40}--[0-9a-f-]{36}")


class HaltedError(Exception):
    """The log cannot be relied on, so nothing is taken in; the message says why."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a page brought; ``place`` is where the member stands after it, in a log of ``size``."""

    kept: tuple[Signature | Sighting, ...]
    refused: tuple[Refused, ...]
    place: Place
    size: int


@dataclass(frozen=True, slots=True)
class _Judge:
    """What an object is held against."""

    trust: Trust
    holdings: Holdings
    now: datetime


class Intake:
    """Reads the collection from where the member stands."""

    def __init__(
        self, client: HubClient, watch: LogWatch, state: MemberState, collection: str
    ) -> None:
        self._client = client
        self._watch = watch
        self._state = state
        self._collection = collection

    def pages(self, trust: Trust, holdings: Holdings, now: datetime) -> Iterator[Taken]:
        """Each page once it is on the disk. ``holdings`` are brought up to date by whoever reads.

        Raises ``HaltedError``, ``HubError`` and ``StateMovedError``.
        """
        place = self._state.place()
        if place.halted is not None:
            raise HaltedError(place.halted)
        uncounted = place.added_after is not None and not self._state.counts_entries()
        if place.trust != trust.digest or uncounted:
            self._state.begin_anew(trust.digest)
            place = replace(place, trust=trust.digest, added_after=None)
        judge = _Judge(trust, holdings, now)
        last = yield from self._served(place, judge)
        if self._state.missing(0, last.size, 1):
            size = last.size
            # What an honest hub added between the objects and the checkpoint is served by now.
            last = yield from self._served(last.place, judge)
            yield from self._left_out(size, last.place, judge)

    def _served(self, place: Place, judge: _Judge) -> Generator[Taken, None, Taken]:
        """The pages of the collection; the last one."""
        following: str | None = None
        while True:
            page = self._client.objects(place.added_after, following)
            taken = self._taken(page, place, judge)
            yield taken
            place, following = taken.place, page.next
            if following is None:
                return taken

    def _taken(self, page: Page, place: Place, judge: _Judge) -> Taken:
        if page.last_added is not None and page.last_added <= (place.added_after or ""):
            raise HubError("the hub sends again what it sent before, as if it were new")
        # The log is asked after the objects, so that it has all of them.
        seen = self._advanced(place)
        entries = [
            LogEntry(self._watch.check_included(body, seen), SERVED, _shown_id(json.loads(body)))
            for body in page.objects
        ]
        after = replace(
            place, checkpoint=seen.note, added_after=page.last_added or place.added_after
        )
        return self._take(page.objects, entries, place, after, seen, judge)

    def _left_out(self, size: int, place: Place, judge: _Judge) -> Iterator[Taken]:
        """What the first ``size`` entries of the log have and the collection had not.

        It is as good as what is served, so it is taken in, a revocation above all.
        """
        start = hidden = 0
        # Nobody has to ask without end for what is not shown: a log may say any size.
        while hidden < PAGE and (missing := self._state.missing(start, size, PAGE)):
            try:
                shown = self._client.entries(missing[0])
                seen = self._advanced(place)
                # The hub may send fewer than it was asked for, and is asked again for the others.
                reach = max(missing[0], max(shown, default=missing[-1]))
                judged = [
                    self._judged(index, shown, seen, judge) for index in missing if index <= reach
                ]
            except HubError as error:
                raise HubError(
                    f"entry {missing[0]} of the log was not served and cannot be seen: {error}"
                ) from error
            entries = [entry for entry, _ in judged]
            bodies = [body for entry, body in judged if entry.came == WITHHELD]
            after = replace(place, checkpoint=seen.note)
            taken = self._take(bodies, entries, place, after, seen, judge)
            yield taken
            place, start = taken.place, entries[-1].index + 1
            hidden += sum(entry.came == HIDDEN for entry in entries)

    def _judged(
        self, index: int, shown: Mapping[int, Shown], seen: Seen, judge: _Judge
    ) -> tuple[LogEntry, bytes]:
        """How an entry came that was not served, and what it is."""
        one = shown.get(index)
        try:
            if one is None or self._watch.check_included(one.body, seen) != index:
                return LogEntry(index, HIDDEN), b""
        except UnprovenError:
            return LogEntry(index, HIDDEN), b""
        document = json.loads(one.body)
        # All versions of an object are in one collection, whatever the hub says of this one.
        own = one.collection == self._collection or judge.holdings.has(str(document.get("id")))
        return LogEntry(index, WITHHELD if own else ELSEWHERE, _shown_id(document)), one.body

    def _advanced(self, place: Place) -> Seen:
        try:
            return self._watch.advanced(place.checkpoint)
        except HistoryError as error:
            self._state.halt(str(error), error.note)
            raise HaltedError(str(error)) from error

    def _take(
        self,
        bodies: Sequence[bytes],
        entries: Sequence[LogEntry],
        before: Place,
        after: Place,
        seen: Seen,
        judge: _Judge,
    ) -> Taken:
        rows, kept, refused = [], [], []
        holdings = judge.holdings.copy()
        for body in bodies:
            document = json.loads(body)
            if self._held(document, body):
                continue
            try:
                one = verified(document, judge.trust, holdings, judge.now)
            except NotTakenError as error:
                refused.append(_refused(document, body, error))
                continue
            holdings.add(one)
            kept.append(one)
            rows.append(Kept(one.id, one.seq, one.id.partition("--")[0], body))
        self._state.take(rows, refused, entries, before, after)
        return Taken(tuple(kept), tuple(refused), after, seen.checkpoint.size)

    def _held(self, document: dict[str, object], body: bytes) -> bool:
        """Whether exactly this version was taken in before."""
        extensions = document.get("extensions")
        for extension in extensions.values() if isinstance(extensions, dict) else ():
            seq = extension.get("seq") if isinstance(extension, dict) else None
            if isinstance(seq, int) and abs(seq) < 2**53:
                return self._state.body(str(document.get("id")), seq) == body
        return False


def _shown_id(document: dict[str, object]) -> str:
    id = str(document.get("id"))
    return id if _ID.fullmatch(id) else "an object without an id"


def _refused(document: dict[str, object], body: bytes, error: NotTakenError) -> Refused:
    shown = _shown_id(document)
    log.warning("%s was not taken in: %s", shown, error)
    return Refused(leaf_hash(body).hex(), shown, str(error))
