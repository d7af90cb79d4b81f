"""The hub's log as a member watches it: one history that only grows, with all that it serves."""

from __future__ import annotations

from dataclasses import dataclass

from drs_reference.exchange.log.checkpoint import (
    Checkpoint,
    CheckpointError,
    LogKey,
    opened,
)
from drs_reference.exchange.log.merkle import (
    LogProofError,
    check_consistency,
    check_inclusion,
    leaf_hash,
)
from drs_reference.exchange.member.hub_client import HubClient, HubError

__all__ = ["HistoryError", "LogWatch", "Seen", "UnprovenError"]


class HistoryError(Exception):
    """The log has shown two histories, or went back; ``note`` is the checkpoint that shows it."""

    def __init__(self, message: str, note: str) -> None:
        super().__init__(message)
        self.note = note


class UnprovenError(HubError):
    """The hub shows an object that its log does not prove."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that was verified, and the note that it came in."""

    note: str
    checkpoint: Checkpoint


class LogWatch:
    """Holds what the hub says of its log against what it said before."""

    def __init__(self, client: HubClient, key: LogKey) -> None:
        self._client = client
        self._key = key
        self._opened: Seen | None = None

    def advanced(self, last: str | None) -> Seen:
        """The newest checkpoint, which goes on from the ``last`` one that was verified.

        Raises ``HistoryError``, and ``HubError`` where the log's key has not signed it.
        """
        note = self._client.checkpoint()
        old = None if last is None else self.opened(last)
        new = self.opened(note)
        if old is None:
            return Seen(note, new)
        if new.size < old.size:
            raise HistoryError(
                f"the log had {old.size} entries and now says that it has {new.size}: it went back",
                note,
            )
        proof: list[bytes] = []
        try:
            if 0 < old.size < new.size:
                proof = self._client.consistency(old.size, new.size)
            check_consistency(old.size, new.size, proof, old.root, new.root)
        except LogProofError as error:
            raise HistoryError(str(error), note) from error
        return Seen(note, new)

    def opened(self, note: str) -> Checkpoint:
        """The checkpoint in a note; the last one is verified once. Raises ``HubError``."""
        known = self._opened
        if known is None or known.note != note:
            try:
                known = Seen(note, opened(note, self._key))
            except CheckpointError as error:
                raise HubError(f"the checkpoint of the log cannot be relied on: {error}") from error
            self._opened = known
        return known.checkpoint

    def check_included(self, body: bytes, seen: Seen) -> int:
        """The index of an object in the log of a checkpoint.

        Raises ``UnprovenError``, and ``HubError`` where there is no proof to look at.
        """
        leaf = leaf_hash(body)
        try:
            index, proof = self._client.inclusion(leaf, seen.checkpoint.size)
            check_inclusion(index, seen.checkpoint.size, leaf, proof, seen.checkpoint.root)
        except LogProofError as error:
            raise UnprovenError(
                f"the hub serves an object that its log does not prove: {error}"
            ) from error
        return index
