"""Who takes part: the document of the members, their keys, trust groups and collections.

It is written by the operator of the hub, in YAML or JSON; ``read_membership`` says its form.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from drs_reference.exchange.proofs import ProofError, PublicKey
from drs_reference.gateway.body import BodyError, Members, described
from drs_reference.timestamps import from_rfc3339

OBJECTS_PER_DAY = 10_000
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_IDENTITY = re.compile(f"identity--{_UUID}")
_COLLECTION = re.compile(_UUID)
_ROOT = re.compile(r"(?!taxii2$)[a-z0-9][a-z0-9-]{0,62}")
_NAME = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_KID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", re.ASCII)


class MembershipError(Exception):
    """The document of the members cannot be used; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class MemberKey:
    """A key of a member and when it may sign; ``valid_until`` and ``revoked_at`` end that."""

    key: PublicKey
    valid_from: datetime
    valid_until: datetime | None
    revoked_at: datetime | None

    def usable(self, now: datetime) -> bool:
        """Whether what it signs now is taken."""
        ends = [end for end in (self.valid_until, self.revoked_at) if end is not None]
        return self.valid_from <= now and all(now < end for end in ends)


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


class _Loader(yaml.SafeLoader):
    """Times stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


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
        document = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise MembershipError(f"it is neither YAML nor JSON: {error}") from error
    if not isinstance(document, dict):
        raise MembershipError(f"it must be a mapping, not {described(document)}")
    try:
        return _membership(Members(document))
    except BodyError as error:
        raise MembershipError(error.message) from error


def _membership(given: Members) -> Membership:
    _only(given, "name", "title", "members", "groups")
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
        name=_text(given, "name", _NAME, "the host of the hub"),
        title=given.required("title"),
        members={member.id: member for member in members},
        groups={group.root: group for group in groups},
    )


def _member(given: Members) -> Member:
    _only(given, "id", "title", "token_sha256", "may_write", "objects_per_day", "keys")
    digest = _text(given, "token_sha256", _DIGEST, "64 hexadecimal digits")
    most = given.integer("objects_per_day", 0)
    return Member(
        id=_text(given, "id", _IDENTITY, "the id of a STIX identity"),
        title=given.required("title"),
        token=bytes.fromhex(digest),
        may_write="may_write" not in given.members or given.boolean("may_write"),
        objects_per_day=OBJECTS_PER_DAY if most is None else most,
        keys=tuple(_key(entry) for entry in given.items("keys")),
    )


def _key(given: Members) -> MemberKey:
    _only(given, "kid", "alg", "public_key", "valid_from", "valid_until", "revoked_at")
    _text(given, "kid", _KID, "an identifier")
    try:
        key = PublicKey.of({name: given.required(name) for name in ("kid", "alg", "public_key")})
    except ProofError as error:
        raise MembershipError(f"{given.path}public_key: {error}") from error
    return MemberKey(
        key=key,
        valid_from=_time(given, "valid_from"),
        valid_until=_optional(given, "valid_until", _time),
        revoked_at=_optional(given, "revoked_at", _time),
    )


def _group(given: Members) -> Group:
    _only(given, "root", "title", "description", "collections", "members")
    collections = [_collection(entry) for entry in given.items("collections")]
    return Group(
        root=_text(given, "root", _ROOT, "a path segment of small letters, digits and hyphens"),
        title=given.required("title"),
        description=given.text("description", 1),
        collections={collection.id: collection for collection in collections},
        members=frozenset(given.strings("members", 10_000)),
    )


def _collection(given: Members) -> Collection:
    _only(given, "id", "title", "description")
    return Collection(
        id=_text(given, "id", _COLLECTION, "a UUID"),
        title=given.required("title"),
        description=given.text("description", 1),
    )


def _only(given: Members, *names: str) -> None:
    unknown = [str(name) for name in given.members if name not in names]
    if unknown:
        raise MembershipError(
            f"{given.path}{unknown[0]} is not known; the members are {', '.join(names)}"
        )


def _text(given: Members, name: str, form: re.Pattern[str], expected: str) -> str:
    text = given.required(name)
    if not form.fullmatch(text):
        raise given.wrong(name, expected)
    return text


def _time(given: Members, name: str) -> datetime:
    text = _text(given, name, _TIME, "a time in UTC such as 2026-11-02T10:00:00Z")
    try:
        return from_rfc3339(text).astimezone(UTC)
    except ValueError as error:
        raise given.wrong(name, "a time in UTC such as 2026-11-02T10:00:00Z") from error


def _optional(
    given: Members, name: str, read: Callable[[Members, str], datetime]
) -> datetime | None:
    return None if given.get(name) is None else read(given, name)


def _once(what: str, values: Iterable[Any]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise MembershipError(f"the {what} {value} stands twice; each needs its own")
        seen.add(value)
