"""What a member takes in of the hub's history, page by page: all of a page or nothing."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from drs_reference.exchange.log.merkle import leaf_hash
from drs_reference.exchange.member.hub_client import HubClient, HubError, Page
from drs_reference.exchange.member.log_watch import HistoryError, LogWatch
from drs_reference.exchange.member.state import Kept, MemberState, Place, Refused
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
    """What a page brought; ``place`` is where the member stands after it."""

    kept: tuple[Signature | Sighting, ...]
    refused: tuple[Refused, ...]
    place: Place


class Intake:
    """Reads the collection from where the member stands."""

    def __init__(self, client: HubClient, watch: LogWatch, state: MemberState) -> None:
        self._client = client
        self._watch = watch
        self._state = state

    def pages(self, trust: Trust, holdings: Holdings, now: datetime) -> Iterator[Taken]:
        """Each page once it is on the disk. ``holdings`` are brought up to date by whoever reads.

        Raises ``HaltedError``, ``HubError`` and ``StateMovedError``.
        """
        place = self._state.place()
        if place.halted is not None:
            raise HaltedError(place.halted)
        if place.trust != trust.digest:
            self._state.begin_anew(trust.digest)
            place = replace(place, trust=trust.digest, added_after=None)
        following: str | None = None
        while True:
            page = self._client.objects(place.added_after, following)
            taken = self._taken(page, place, trust, holdings.copy(), now)
            place = taken.place
            yield taken
            following = page.next
            if following is None:
                return

    def _taken(
        self, page: Page, place: Place, trust: Trust, holdings: Holdings, now: datetime
    ) -> Taken:
        if page.last_added is not None and page.last_added <= (place.added_after or ""):
            raise HubError("the hub sends again what it sent before, as if it were new")
        # The log is asked after the objects, so that it has all of them.
        try:
            seen = self._watch.advanced(place.checkpoint)
        except HistoryError as error:
            self._state.halt(str(error), error.note)
            raise HaltedError(str(error)) from error
        rows, kept, refused = [], [], []
        for body in page.objects:
            self._watch.check_included(body, seen)
            document = json.loads(body)
            if self._held(document, body):
                continue
            try:
                one = verified(document, trust, holdings, now)
            except NotTakenError as error:
                refused.append(_refused(document, body, error))
                continue
            holdings.add(one)
            kept.append(one)
            rows.append(Kept(one.id, one.seq, one.id.partition("--")[0], body))
        after = replace(
            place, checkpoint=seen.note, added_after=page.last_added or place.added_after
        )
        self._state.take(rows, refused, place, after)
        return Taken(tuple(kept), tuple(refused), after)

    def _held(self, document: dict[str, object], body: bytes) -> bool:
        """Whether exactly this version was taken in before."""
        extensions = document.get("extensions")
        for extension in extensions.values() if isinstance(extensions, dict) else ():
            seq = extension.get("seq") if isinstance(extension, dict) else None
            if isinstance(seq, int) and abs(seq) < 2**53:
                return self._state.body(str(document.get("id")), seq) == body
        return False


def _refused(document: dict[str, object], body: bytes, error: NotTakenError) -> Refused:
    id = str(document.get("id"))
    shown = id if _ID.fullmatch(id) else "an object without an id"
    log.warning("%s was not taken in: %s", shown, error)
    return Refused(leaf_hash(body).hex(), shown, str(error))
