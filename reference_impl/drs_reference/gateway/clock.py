"""The server's clock and the clocks of accounts."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from drs_reference.response.procedure import Account


class Clock:
    """UTC that never runs backwards: the wall clock at the start plus the monotonic time since."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self._origin = time.monotonic_ns()

    def now(self) -> datetime:
        """The server's time."""
        elapsed = (time.monotonic_ns() - self._origin) // 1000
        return self.started + timedelta(microseconds=elapsed)

    def of(self, account: Account) -> datetime:
        """The account's time: the server's, moved by what the test mode advanced."""
        return self.now() + timedelta(seconds=account.clock_offset_s)
