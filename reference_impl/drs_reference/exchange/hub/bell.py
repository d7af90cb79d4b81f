"""Wakes those who wait for new objects, and counts them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

import anyio

LISTENERS_MAX = 4
"""Most push channels of one member at a time."""


class TooManyListenersError(Exception):
    """A member listens as often as it may."""


class Bell:
    """Rings when something was added, and when the hub closes. Belongs to one event loop."""

    def __init__(self) -> None:
        self._event: anyio.Event | None = None
        self._listeners: Counter[str] = Counter()
        self.closed = False

    def next(self) -> anyio.Event:
        """Set at the next ring. Taken before looking, nothing that comes after it is missed."""
        if self._event is None:
            self._event = anyio.Event()
        return self._event

    def ring(self) -> None:
        """Wake all who wait."""
        event, self._event = self._event, None
        if event is not None:
            event.set()

    def close(self) -> None:
        """End all channels, at their next look; may be called from a signal handler."""
        self.closed = True

    @contextlib.contextmanager
    def listener(self, member: str) -> Iterator[None]:
        """Count a channel of a member while it lasts. Raises ``TooManyListenersError``."""
        if self._listeners[member] >= LISTENERS_MAX:
            raise TooManyListenersError
        self._listeners[member] += 1
        try:
            yield
        finally:
            self._listeners[member] -= 1
