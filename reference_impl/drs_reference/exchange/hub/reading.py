"""What members read, as TAXII 2.1 says: discovery, API roots, collections and their content."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from drs_reference.exchange.hub.cursors import CursorError
from drs_reference.exchange.hub.entries import Entry, Page, taxii_time
from drs_reference.exchange.hub.filters import read_filters
from drs_reference.exchange.hub.membership import Collection, Member
from drs_reference.exchange.hub.messages import (
    STIX,
    TAXII,
    TaxiiError,
    check_accept,
    not_found,
    raw,
    resource,
)
from drs_reference.exchange.hub.parts import MAX_CONTENT_LENGTH, Parts, caller
from drs_reference.exchange.hub.queries import ALL, Query


class Reading:
    """The endpoints that are only read."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """Their routes."""
        collection = "/{root}/collections/{collection}"
        return [
            Route("/taxii2/", self.discovery),
            Route("/{root}/", self.api_root),
            Route("/{root}/status/{status}/", self.status),
            Route("/{root}/collections/", self.collections),
            Route(f"{collection}/", self.collection),
            Route(f"{collection}/manifest/", self.manifest),
            Route(f"{collection}/objects/{{object}}/", self.object),
            Route(f"{collection}/objects/{{object}}/versions/", self.versions),
        ]

    def discovery(self, request: Request) -> Response:
        """The API roots of the caller (section 4.1)."""
        check_accept(request)
        membership = self._parts.roster.current()
        groups = membership.groups_of(caller(request))
        roots = [f"{self._parts.origin}/{group.root}/" for group in groups]
        document = {"title": membership.title, "default": roots[0] if roots else None}
        return resource({**document, "api_roots": roots or None})

    def api_root(self, request: Request) -> Response:
        """A trust group, with the key of its log (section 4.2)."""
        _, group = self._parts.group(request)
        check_accept(request)
        return resource(
            {
                "title": group.title,
                "description": group.description,
                "versions": [TAXII],
                "max_content_length": MAX_CONTENT_LENGTH,
                "x_drs_log_key": str(self._parts.log_key(group.root)),
            }
        )

    def status(self, request: Request) -> Response:
        """What became of a request of the caller (section 4.3)."""
        member, group = self._parts.group(request)
        check_accept(request)
        id = request.path_params["status"]
        document = self._parts.store.status(group.root, member.id, id)
        if document is None:
            raise not_found()
        return resource(document)

    def collections(self, request: Request) -> Response:
        """The collections of a group (section 5.1)."""
        member, group = self._parts.group(request)
        check_accept(request)
        shown = [_collection(one, member) for one in group.collections.values()]
        return resource({"collections": shown or None})

    def collection(self, request: Request) -> Response:
        """One collection (section 5.2)."""
        member, _, collection = self._parts.collection(request)
        check_accept(request)
        return resource(_collection(collection, member))

    def manifest(self, request: Request) -> Response:
        """What a collection has, without the objects (section 5.3)."""
        query = self._query(request, "id", "type", "version", "spec_version")
        page = self._parts.store.page(query, bodies=False)
        return self._envelope(request, page, "objects", map(_manifest_record, page.entries))

    def objects(self, request: Request) -> Response:
        """The objects of a collection (section 5.4)."""
        page = self._parts.store.page(self._query(request, "id", "type", "version", "spec_version"))
        return self._envelope(request, page, "objects", (entry.body for entry in page.entries))

    def object(self, request: Request) -> Response:
        """One object (section 5.6)."""
        page = self._parts.store.page(self._of_one(request, "version", "spec_version"))
        return self._envelope(request, page, "objects", (entry.body for entry in page.entries))

    def versions(self, request: Request) -> Response:
        """The versions of one object (section 5.8)."""
        query = replace(self._of_one(request, "spec_version"), versions=frozenset({ALL}))
        page = self._parts.store.page(query, bodies=False)
        shown = (json.dumps(entry.version).encode() for entry in page.entries)
        return self._envelope(request, page, "versions", shown)

    def _query(self, request: Request, *match: str) -> Query:
        member, group, collection = self._parts.collection(request)
        check_accept(request)
        filters = read_filters(request.url.query, *match)
        after = -1
        if filters.next is not None:
            try:
                context = (member.id, group.root, collection.id)
                after = self._parts.cursors.read(filters.next, *context)
            except CursorError as error:
                message = "next is no cursor that you were given for this collection."
                raise TaxiiError(400, message) from error
        return Query(
            root=group.root,
            collection=collection.id,
            limit=filters.limit,
            after=after,
            added_after=filters.added_after,
            ids=filters.ids,
            types=filters.types,
            spec_versions=filters.spec_versions,
            versions=filters.versions,
        )

    def _of_one(self, request: Request, *match: str) -> Query:
        query = self._query(request, *match)
        id = request.path_params["object"]
        if not self._parts.store.holds(query.root, query.collection, id):
            raise not_found()
        return replace(query, ids=frozenset({id}))

    def _envelope(
        self, request: Request, page: Page, name: str, shown: Iterable[bytes]
    ) -> Response:
        """A page under ``name``, with what is needed to go on; an empty list is left out."""
        members, headers = [], {}
        if page.more:
            place, path = page.entries[-1].index, request.path_params
            context = (caller(request).id, path["root"], path["collection"])
            cursor = self._parts.cursors.give(place, *context)
            members.append(b'"more":true,"next":"%b"' % cursor.encode())
        if page.entries:
            members.append(b'"%b":[%b]' % (name.encode(), b",".join(shown)))
            headers = {
                "X-TAXII-Date-Added-First": taxii_time(page.entries[0].added),
                "X-TAXII-Date-Added-Last": taxii_time(page.entries[-1].added),
            }
        return raw(b"{%b}" % b",".join(members), headers)


def _collection(collection: Collection, member: Member) -> dict[str, Any]:
    return {
        "id": collection.id,
        "title": collection.title,
        **({"description": collection.description} if collection.description else {}),
        "can_read": True,
        "can_write": member.may_write,
        "media_types": [STIX],
    }


def _manifest_record(entry: Entry) -> bytes:
    record = {"id": entry.id, "date_added": taxii_time(entry.added), "version": entry.version}
    return json.dumps({**record, "media_type": STIX}).encode()
