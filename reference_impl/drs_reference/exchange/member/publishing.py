"""What a member sends to the hub, and that the hub has it."""

from __future__ import annotations

from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.member.hub_client import HubClient, HubError
from drs_reference.exchange.member.log_watch import LogWatch
from drs_reference.exchange.member.state import MemberState
from drs_reference.exchange.sightings import Sighting
from drs_reference.exchange.signature import Signature

__all__ = ["PublishRefusedError", "Publisher"]


class PublishRefusedError(Exception):
    """The hub did not take an object; the message is its reason."""


class Publisher:
    """Sends objects of the member's own."""

    def __init__(self, client: HubClient, watch: LogWatch, state: MemberState) -> None:
        self._client = client
        self._watch = watch
        self._state = state

    def send(self, one: Signature | Sighting) -> None:
        """Send an object; when this returns, the log has it and goes on from what it was.

        Raises ``PublishRefusedError``, ``HubError`` and ``HistoryError``.
        """
        outcomes = self._client.post([one.document])
        if [outcome.id for outcome in outcomes] != [one.id]:
            raise HubError("the hub's status is not of the object that was sent")
        if outcomes[0].refusal is not None:
            raise PublishRefusedError(outcomes[0].refusal)
        seen = self._watch.advanced(self._state.place().checkpoint)
        self._watch.check_included(canonical(one.document), seen)
