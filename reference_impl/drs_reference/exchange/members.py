"""Members as operators write them down: documents read strictly, and the keys of a member."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from drs_reference.exchange.proofs import ProofError, PublicKey
from drs_reference.json_text import BodyError, Members, described
from drs_reference.timestamps import from_rfc3339
from drs_reference.yaml_text import load

__all__ = [
    "COLLECTION",
    "IDENTITY",
    "MemberKey",
    "only",
    "optional",
    "read_key",
    "read_mapping",
    "text_like",
    "time_of",
]

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
IDENTITY = re.compile(f"identity--{_UUID}")
COLLECTION = re.compile(_UUID)
_KID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", re.ASCII)


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


def read_mapping(text: str) -> Members:
    """The members of a document in YAML or JSON. Raises ``BodyError``."""
    try:
        document = load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise BodyError(None, f"it is neither YAML nor JSON: {error}") from error
    if not isinstance(document, dict):
        raise BodyError(None, f"it must be a mapping, not {described(document)}")
    return Members(document)


def read_key(given: Members) -> MemberKey:
    """The key of an entry under ``keys``. Raises ``BodyError``."""
    only(given, "kid", "alg", "public_key", "valid_from", "valid_until", "revoked_at")
    text_like(given, "kid", _KID, "an identifier")
    try:
        key = PublicKey.of({name: given.required(name) for name in ("kid", "alg", "public_key")})
    except ProofError as error:
        path = f"{given.path}public_key"
        raise BodyError(path, f"{path}: {error}") from error
    return MemberKey(
        key=key,
        valid_from=time_of(given, "valid_from"),
        valid_until=optional(given, "valid_until", time_of),
        revoked_at=optional(given, "revoked_at", time_of),
    )


def only(given: Members, *names: str) -> None:
    """Refuse members of other names. Raises ``BodyError``."""
    unknown = [str(name) for name in given.members if name not in names]
    if unknown:
        path = f"{given.path}{unknown[0]}"
        raise BodyError(path, f"{path} is not known; the members are {', '.join(names)}")


def text_like(given: Members, name: str, form: re.Pattern[str], expected: str) -> str:
    """A string of a form. Raises ``BodyError``."""
    text = given.required(name)
    if not form.fullmatch(text):
        raise given.wrong(name, expected)
    return text


def time_of(given: Members, name: str) -> datetime:
    """A time in UTC. Raises ``BodyError``."""
    text = text_like(given, name, _TIME, "a time in UTC such as 2026-11-02T10:00:00Z")
    try:
        return from_rfc3339(text).astimezone(UTC)
    except ValueError as error:
        raise given.wrong(name, "a time in UTC such as 2026-11-02T10:00:00Z") from error


def optional(given: Members, name: str, read: Callable[[Members, str], Any]) -> Any:
    """What ``read`` finds under a name, or None where there is nothing."""
    return None if given.get(name) is None else read(given, name)
