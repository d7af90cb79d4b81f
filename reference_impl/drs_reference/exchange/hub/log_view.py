"""The transparency log of a trust group, for members who do not take the hub's word (XCH-03).

Hashes are in hexadecimal, but in the checkpoint, which is a note as others read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from drs_reference.exchange.hub.entries import Entry, taxii_time
from drs_reference.exchange.hub.filters import PAGE_MAX, read_number, read_query
from drs_reference.exchange.hub.messages import TaxiiError, not_found
from drs_reference.exchange.hub.parts import Parts
from drs_reference.exchange.log.checkpoint import Checkpoint, signed
from drs_reference.exchange.log.merkle import leaf_hash

_HASH = re.compile(r"[0-9a-f]{64}")


class LogView:
    """The endpoints under ``log`` of an API root."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """Their routes."""
        return [
            Route("/{root}/log/checkpoint", self.checkpoint),
            Route("/{root}/log/inclusion", self.inclusion),
            Route("/{root}/log/consistency", self.consistency),
            Route("/{root}/log/entries", self.entries),
        ]

    def checkpoint(self, request: Request) -> Response:
        """What the log holds now, signed."""
        _, group = self._parts.group(request)
        with self._parts.store.log(group.root) as log:
            size, root = len(log.tree), log.tree.root()
        checkpoint = Checkpoint(self._parts.log_name(group.root), size, root)
        return PlainTextResponse(signed(checkpoint, self._parts.signer))

    def inclusion(self, request: Request) -> Response:
        """The proof that ``leaf`` is in the log of ``size``, by default the present one."""
        _, group = self._parts.group(request)
        given = read_query(request.url.query)
        leaf = given.get("leaf", "")
        if not _HASH.fullmatch(leaf):
            raise TaxiiError(400, "leaf must be the hash of a leaf, 64 hexadecimal digits.")
        with self._parts.store.log(group.root) as log:
            size = _size(read_number(given, "size", len(log.tree)), len(log.tree))
            index = log.place(bytes.fromhex(leaf))
            if index is None or index >= size:
                raise not_found()
            proof = log.tree.inclusion(index, size)
        return JSONResponse({"index": index, "size": size, "proof": _shown(proof)})

    def consistency(self, request: Request) -> Response:
        """The proof that the log of ``to``, by default the present one, begins with ``from``."""
        _, group = self._parts.group(request)
        given = read_query(request.url.query)
        with self._parts.store.log(group.root) as log:
            new = _size(read_number(given, "to", len(log.tree)), len(log.tree))
            old = read_number(given, "from", 0)
            if not 1 <= old <= new:
                raise TaxiiError(400, f"from must be a size from 1 to {new}.")
            proof = log.tree.consistency(old, new)
        return JSONResponse({"from": old, "to": new, "proof": _shown(proof)})

    def entries(self, request: Request) -> Response:
        """The entries from ``start`` on, at most ``limit``; ``more`` says whether any are left."""
        _, group = self._parts.group(request)
        given = read_query(request.url.query)
        limit = read_number(given, "limit", PAGE_MAX, least=1, most=PAGE_MAX)
        page = self._parts.store.entries(group.root, read_number(given, "start", 0), limit)
        shown = b",".join(map(entry_json, page.entries))
        content = b'{"more":%b,"entries":[%b]}' % (str(page.more).lower().encode(), shown)
        return Response(content, media_type="application/json")


def entry_json(entry: Entry) -> bytes:
    """An entry of the log on one line, its object as it was signed."""
    about = {
        "index": entry.index,
        "leaf": leaf_hash(entry.body).hex(),
        "collection": entry.collection,
        "date_added": taxii_time(entry.added),
    }
    return json.dumps(about).encode()[:-1] + b', "object": ' + entry.body + b"}"


def _size(size: int, most: int) -> int:
    if size > most:
        raise TaxiiError(400, f"the log has {most} entries; no more can be proven.")
    return size


def _shown(proof: Sequence[bytes]) -> list[str]:
    return [step.hex() for step in proof]
