"""The members as their document says at the moment: it is read anew when it changes.

A member that left and a key that was revoked are to count at once, without a restart.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from drs_reference.exchange.hub.membership import Membership, MembershipError, read_membership

log = logging.getLogger(__name__)
_LOOK_EVERY_S = 1.0
_SIZE_MAX = 16 << 20


class Roster:
    """The membership in a file. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Read ``path``. Raises ``MembershipError``."""
        self._path = path
        self._lock = threading.Lock()
        self._seen = self._stamp()
        self._membership = self._read()
        self._looked = time.monotonic()

    def current(self) -> Membership:
        """What the file says, or said last if it is broken now; at most a second late."""
        with self._lock:
            if time.monotonic() - self._looked >= _LOOK_EVERY_S:
                self._looked = time.monotonic()
                self._look()
            return self._membership

    def _look(self) -> None:
        try:
            stamp = self._stamp()
            if stamp != self._seen:
                self._seen = stamp
                self._membership = self._read()
                log.info("the members were read anew")
        except MembershipError as error:
            log.error("the members stay as they were: %s", error)

    def _stamp(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError as error:
            raise MembershipError(f"{self._path} cannot be read: {error}") from error
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Membership:
        try:
            if self._path.stat().st_size > _SIZE_MAX:
                raise MembershipError(f"{self._path} has more than {_SIZE_MAX} bytes")
            text = self._path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MembershipError(f"{self._path} cannot be read: {error}") from error
        try:
            return read_membership(text)
        except MembershipError as error:
            raise MembershipError(f"{self._path}: {error}") from error
