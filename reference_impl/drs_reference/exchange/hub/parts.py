"""What a hub is made of, and whom a request comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request

from drs_reference.exchange.hub.admissions import Admissions
from drs_reference.exchange.hub.bell import Bell
from drs_reference.exchange.hub.cursors import Cursors
from drs_reference.exchange.hub.entries import Candidate, Refusal
from drs_reference.exchange.hub.intake import judged
from drs_reference.exchange.hub.membership import Collection, Group, Member
from drs_reference.exchange.hub.messages import not_found
from drs_reference.exchange.hub.roster import Roster
from drs_reference.exchange.hub.store import Store
from drs_reference.exchange.log.checkpoint import LogKey
from drs_reference.exchange.proofs import PublicKey
from drs_reference.signing import Signer

MAX_CONTENT_LENGTH = 4 << 20
"""Largest content of a request, bytes; every valid signature fits, alone."""

Judge = Callable[[Mapping[str, Any], str, Mapping[str, PublicKey], datetime], Candidate | Refusal]
"""What becomes of an object that a member, whose keys may sign now, has sent in."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a hub.

    ``origin`` is its scheme, host and port as members write them, ``name`` that of its logs.
    ``judge`` reads every object before it is taken.
    """

    origin: str
    name: str
    roster: Roster
    store: Store
    admissions: Admissions
    cursors: Cursors
    signer: Signer
    bell: Bell = field(default_factory=Bell)
    judge: Judge = judged

    def log_name(self, root: str) -> str:
        """The origin of the log of a root, in its checkpoints."""
        return f"{self.name}/{root}"

    def log_key(self, root: str) -> LogKey:
        """The key of the log of a root."""
        return LogKey.of(self.log_name(root), self.signer)

    def group(self, request: Request) -> tuple[Member, Group]:
        """Who asks, and the group of the path. Raises ``TaxiiError`` 404."""
        member = caller(request)
        group = self.roster.current().group(request.path_params["root"], member)
        if group is None:
            raise not_found()
        return member, group

    def collection(self, request: Request) -> tuple[Member, Group, Collection]:
        """Who asks, and the group and the collection of the path. Raises ``TaxiiError`` 404."""
        member, group = self.group(request)
        collection = group.collections.get(request.path_params["collection"])
        if collection is None:
            raise not_found()
        return member, group, collection


def caller(request: Request) -> Member:
    """The member that the request was admitted for."""
    member = request.scope["drs_member"]
    assert isinstance(member, Member)
    return member
