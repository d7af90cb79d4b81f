"""Who takes part: the document of the members, their keys, trust groups and collections.

It is written by the operator of the hub, in YAML or JSON; ``read_membership`` says its form.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drs_reference.exchange.members import (
    COLLECTION,
    IDENTITY,
    MemberKey,
    only,
    read_key,
    read_mapping,
    text_like,
)
from drs_reference.exchange.proofs import PublicKey
from drs_reference.json_text import BodyError, Members

OBJECTS_PER_DAY = 10_000
_ROOT = re.compile(r"(?!taxii2$)[a-z0-9][a-z0-9-]{0,62}")
_NAME = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class MembershipError(Exception):
    """The document of the members cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member; ``token`` is the SHA-256 of its bearer token."""

    id: str
    title: str
    token: bytes
    may_write: bool
    objects_per_day: int
    keys: tuple[MemberKey, ...]

    def usable_keys(self, now: datetime) -> dict[str, PublicKey]:
        """The keys by ``kid`` that may sign now."""
        return {entry.key.kid: entry.key for entry in self.keys if entry.usable(now)}


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of a trust group; ``id`` is a UUID."""

    id: str
    title: str
    description: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """A trust group: an API root, with the identities that may see it."""

    root: str
    title: str
    description: str | None
    collections: Mapping[str, Collection]
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Membership:
    """All members by identity and all trust groups by API root; ``name`` is that of the hub."""

    name: str
    title: str
    members: Mapping[str, Member]
    groups: Mapping[str, Group]

    def caller(self, token: str) -> Member | None:
        """The member with this bearer token. Takes the same time for all."""
        presented = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        found = None
        for member in self.members.values():
            if hmac.compare_digest(presented, member.token):
                found = member
        return found

    def groups_of(self, member: Member) -> list[Group]:
        """The groups that a member belongs to."""
        return [group for group in self.groups.values() if member.id in group.members]

    def group(self, root: str, member: Member) -> Group | None:
        """The group of a root if the member belongs to it; else None, as if there were none."""
        group = self.groups.get(root)
        return group if group is not None and member.id in group.members else None


def read_membership(text: str) -> Membership:
    """Read the document. Raises ``MembershipError``.

    ``name`` and ``title`` of the hub; ``members`` with ``id`` (a STIX identity), ``title``,
    ``token_sha256``, and optionally ``may_write`` (true by default), ``objects_per_day`` and
    ``keys`` (``kid``, ``alg``, ``public_key``, ``valid_from``, and optionally ``valid_until`` and
    ``revoked_at``); ``groups`` with ``root``, ``title``, ``members`` (identities),
    ``collections`` (``id``, ``title`` and optionally ``description``) and optionally a
    ``description``. An unknown member is refused: a misspelt ``revoked_at`` must not pass.
    """
    try:
        return _membership(read_mapping(text))
    except BodyError as error:
        raise MembershipError(error.message) from error


def _membership(given: Members) -> Membership:
    only(given, "name", "title", "members", "groups")
    members = [_member(entry) for entry in given.items("members")]
    groups = [_group(entry) for entry in given.items("groups")]
    _once("id of a member", (member.id for member in members))
    _once("token", (member.token.hex() for member in members))
    _once("kid", (entry.key.kid for member in members for entry in member.keys))
    _once("root", (group.root for group in groups))
    _once("id of a collection", (key for group in groups for key in group.collections))
    strangers = {id for group in groups for id in group.members} - {m.id for m in members}
    if strangers:
        raise MembershipError(f"groups name {min(strangers)}, which is no member")
    if not groups:
        raise MembershipError("groups must be an array of one group or more")
    return Membership(
        name=text_like(given, "name", _NAME, "the host of the hub"),
        title=given.required("title"),
        members={member.id: member for member in members},
        groups={group.root: group for group in groups},
    )


def _member(given: Members) -> Member:
    only(given, "id", "title", "token_sha256", "may_write", "objects_per_day", "keys")
    digest = text_like(given, "token_sha256", _DIGEST, "64 hexadecimal digits")
    most = given.integer("objects_per_day", 0)
    return Member(
        id=text_like(given, "id", IDENTITY, "the id of a STIX identity"),
        title=given.required("title"),
        token=bytes.fromhex(digest),
        may_write="may_write" not in given.members or given.boolean("may_write"),
        objects_per_day=OBJECTS_PER_DAY if most is None else most,
        keys=tuple(read_key(entry) for entry in given.items("keys")),
    )


def _group(given: Members) -> Group:
    only(given, "root", "title", "description", "collections", "members")
    collections = [_collection(entry) for entry in given.items("collections")]
    return Group(
        root=text_like(given, "root", _ROOT, "a path segment of small letters, digits and hyphens"),
        title=given.required("title"),
        description=given.text("description", 1),
        collections={collection.id: collection for collection in collections},
        members=frozenset(given.strings("members", 10_000)),
    )


def _collection(given: Members) -> Collection:
    only(given, "id", "title", "description")
    return Collection(
        id=text_like(given, "id", COLLECTION, "a UUID"),
        title=given.required("title"),
        description=given.text("description", 1),
    )


def _once(what: str, values: Iterable[Any]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise MembershipError(f"the {what} {value} stands twice; each needs its own")
        seen.add(value)
