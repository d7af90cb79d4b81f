"""Probes that are sent when somebody asks for them, and kept for the next who does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from drs_conformance.checks.lab import Lab
from drs_conformance.checks.sent import Sent

__all__ = ["OnDemand"]

Seen = TypeVar("Seen")


class OnDemand(Generic[Seen]):
    """What was seen by a sequence of probes; several tests may go through it, each from the start.

    ``send(number)`` sends a probe through ``lab``.
    """

    def __init__(self, lab: Lab, send: Callable[[int], Seen]) -> None:
        self._lab = lab
        self._send = send
        self._seen: list[Seen] = []

    def __len__(self) -> int:
        return len(self._seen)

    def by(self, lab: Lab) -> Iterator[Seen]:
        """Yield without end; what has to be sent for it counts as sent by ``lab``."""
        number = 0
        while True:
            if number == len(self._seen):
                before, self._lab.sent = self._lab.sent, Sent()
                try:
                    self._seen.append(self._send(number))
                finally:
                    sent, self._lab.sent = self._lab.sent, before
                    self._lab.sent.add(sent)
                    if lab is not self._lab:
                        lab.sent.add(sent)
            yield self._seen[number]
            number += 1
