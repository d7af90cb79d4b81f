"""The push channel of a collection: server-sent events, one for each object that is added.

The id of an event is the index of the object in the log, so whoever lost the connection goes on
where it was, and a listener that is slow is only late: nothing is queued for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from drs_reference.exchange.hub.bell import TooManyListenersError
from drs_reference.exchange.hub.filters import read_number, read_query
from drs_reference.exchange.hub.log_view import entry_json
from drs_reference.exchange.hub.membership import Member
from drs_reference.exchange.hub.messages import TaxiiError
from drs_reference.exchange.hub.parts import Parts
from drs_reference.exchange.hub.queries import ALL, Query

HEARTBEAT_S = 15
_LOOK_S = 1
_PAGE = 100


class Push:
    """The endpoint that does not end."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def events(self, request: Request) -> Response:
        """Events for the objects whose index is ``since`` or more, for as long as both stay."""
        member, group, collection = self._parts.collection(request)
        given = read_query(request.url.query)
        since = read_number(given, "since", 0)
        if "last-event-id" in request.headers:
            last = {"Last-Event-ID": request.headers["last-event-id"]}
            since = read_number(last, "Last-Event-ID", 0) + 1
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        query = Query(group.root, collection.id, _PAGE, since - 1, versions=frozenset({ALL}))
        counted = ExitStack()
        try:
            counted.enter_context(self._parts.bell.listener(member.id))
        except TooManyListenersError as error:
            message = "You listen as often as you may; end another channel first."
            raise TaxiiError(429, message, {"Retry-After": "60"}) from error
        return _Channel(self._events(member, query), counted)

    async def _events(self, member: Member, query: Query) -> AsyncIterator[bytes]:
        silent_s = 0
        yield b": open\n\n"
        while not self._parts.bell.closed and self._admitted(member, query):
            ring = self._parts.bell.next()
            page = await anyio.to_thread.run_sync(self._parts.store.page, query)
            for entry in page.entries:
                yield b"id: %d\nevent: added\ndata: %b\n\n" % (entry.index, entry_json(entry))
            if page.entries:
                query, silent_s = replace(query, after=page.entries[-1].index), 0
                continue
            with anyio.move_on_after(_LOOK_S) as wait:
                await ring.wait()
            silent_s += _LOOK_S if wait.cancelled_caught else 0
            if silent_s >= HEARTBEAT_S:
                yield b": nothing new\n\n"
                silent_s = 0

    def _admitted(self, member: Member, query: Query) -> bool:
        """Whether the member may still see the collection."""
        membership = self._parts.roster.current()
        now = membership.members.get(member.id)
        if now is None or now.token != member.token:
            return False
        group = membership.group(query.root, now)
        return group is not None and query.collection in group.collections


class _Channel(StreamingResponse):
    """A stream of events that counts as a listener until it ends."""

    def __init__(self, events: AsyncIterator[bytes], counted: ExitStack) -> None:
        headers = {"Cache-Control": "no-store"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._counted:
            await super().__call__(scope, receive, send)
