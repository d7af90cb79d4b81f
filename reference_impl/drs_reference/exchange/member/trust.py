"""Whose word a member takes: the members that it trusts, and their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from drs_reference.exchange.canonical import digest
from drs_reference.exchange.members import MemberKey
from drs_reference.exchange.proofs import PublicKey
from drs_reference.signing import base64url
from drs_reference.timestamps import rfc3339

__all__ = ["Trust"]


@dataclass(frozen=True, slots=True)
class Trust:
    """Keys by identity; the member's own are among them."""

    members: Mapping[str, tuple[MemberKey, ...]]

    def keys(self, author: str, made: datetime, now: datetime) -> dict[str, PublicKey]:
        """The keys of an author by ``kid`` that could sign when something was made.

        A key that is revoked now vouches for nothing, whenever that was made: whoever stole it
        writes the date that suits.
        """
        return {
            entry.key.kid: entry.key
            for entry in self.members.get(author, ())
            if entry.usable(made) and not _revoked(entry, now)
        }

    def stands(self, author: str, kid: str, now: datetime) -> bool:
        """Whether what this key of an author has proven may still be acted on."""
        return any(
            entry.key.kid == kid and not _revoked(entry, now)
            for entry in self.members.get(author, ())
        )

    @property
    def digest(self) -> str:
        """Changes with whom the member trusts, so that what was refused is looked at again."""
        return digest(
            {
                identity: [
                    [
                        entry.key.kid,
                        base64url(entry.key.raw),
                        *(
                            moment and rfc3339(moment)
                            for moment in (entry.valid_from, entry.valid_until, entry.revoked_at)
                        ),
                    ]
                    for entry in keys
                ]
                for identity, keys in self.members.items()
            }
        )


def _revoked(entry: MemberKey, now: datetime) -> bool:
    return entry.revoked_at is not None and entry.revoked_at <= now
