"""What the covert mechanisms have in common: whom they answer otherwise, and by which key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Sampling
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.keys import checked_key
from drs_reference.perturbation.schema_part import Parameters
from drs_reference.response.procedure import Account

__all__ = ["ENTROPY_FLOOR", "ClusterOf", "CovertMechanism", "alone"]

ENTROPY_FLOOR = 0.9
"""Positions with less entropy than this, nats, pass untouched: there is a right answer there."""
ClusterOf = Callable[[Account], str | None]
"""The cluster that an account is known to belong to."""


def alone(account: Account) -> None:
    """Of no account is the cluster known."""


class CovertMechanism(ABC):
    """A mechanism with its secret key of at least 16 bytes."""

    covert = True
    kind: ClassVar[type[Parameters]]
    """Its parameters."""

    def __init__(self, key: bytes, cluster_of: ClusterOf = alone) -> None:
        self._key = checked_key(key)
        self._cluster_of = cluster_of

    @property
    def mechanism(self) -> str:
        """Entry of the mechanisms registry."""
        return self.kind.mechanism

    def applied(self, account: Account, request: ChatRequest) -> Applied | None:
        """Only accounts under the measure ``perturb`` get other answers."""
        if not account.under("perturb"):
            return None
        cluster = self._cluster_of(account)
        return self.answering(request.messages, request.sampling, account.id, cluster)

    @abstractmethod
    def answering(
        self,
        messages: Sequence[tuple[str, str]],
        sampling: Sampling,
        account: str = "",
        cluster: str | None = None,
    ) -> Applied:
        """What is done to the answer to (role, text) messages, whoever asks."""
