"""Where and for how long a mechanism is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.perturbation.base import Applied, Perturbation
from drs_reference.perturbation.kill_switch import KillSwitch
from drs_reference.response.procedure import Account

__all__ = ["InForce", "utc_now"]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class InForce:
    """A mechanism on some ``surfaces`` (None: all) until ``until``, unless it is switched off."""

    original: Perturbation
    switch: KillSwitch
    surfaces: frozenset[str] | None = None
    until: datetime | None = None
    now: Callable[[], datetime] = utc_now

    @property
    def mechanism(self) -> str:
        """Entry of the mechanisms registry."""
        return self.original.mechanism

    @property
    def covert(self) -> bool:
        """Whether the class of the mechanism is covert."""
        return self.original.covert

    def lasts(self) -> bool:
        """Whether anything is perturbed at all."""
        return not self.switch.off and (self.until is None or self.now() < self.until)

    def applied(self, account: Account, request: ChatRequest) -> Applied | None:
        """What is done to an answer; None where the mechanism is not in force."""
        here = self.surfaces is None or request.surface in self.surfaces
        return self.original.applied(account, request) if self.lasts() and here else None
