"""What the hub keeps: objects as they were sent, each with its place in the log of its group."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Since 1970, without loss."""
    return (moment - _EPOCH) // MICROSECOND


def taxii_time(stamp: int) -> str:
    """A time of TAXII from microseconds since 1970: UTC with six decimals."""
    return (_EPOCH + stamp * MICROSECOND).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version of an object that is proven and valid by itself.

    ``version`` is its ``modified`` as it stands there, ``modified`` and ``created`` are in
    microseconds since 1970, ``body`` is its canonical form, ``about`` the signature that a
    sighting is of.
    """

    id: str
    version: str
    author: str
    seq: int
    created: int
    modified: int
    tlp: str
    revoked: bool
    about: str | None
    body: bytes

    @property
    def type(self) -> str:
        """The STIX type."""
        return self.id.partition("--")[0]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An object that is not taken, and why."""

    id: str
    version: str
    message: str


@dataclass(frozen=True, slots=True)
class Held:
    """The latest version that a group holds of an object."""

    collection: str
    author: str
    seq: int
    created: int
    modified: int
    tlp: str
    revoked: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """An object that was taken; ``added`` is in microseconds since 1970, ``index`` in the log.

    ``body`` is empty where it was not asked for.
    """

    index: int
    collection: str
    id: str
    version: str
    added: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in the order of the log, and whether more of them fit what was asked."""

    entries: tuple[Entry, ...]
    more: bool
