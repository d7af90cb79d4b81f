"""The ledger: every request to a target passes through it, once."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from drs_conformance.ledger.exchange import Attempt, Exchange, WireRequest
from drs_conformance.ledger.journal import exchanges_beside
from drs_conformance.ledger.recording import Clock, Recording, Registered, utc_now
from drs_conformance.ledger.replaying import Replaying
from drs_conformance.ledger.resuming import Resuming
from drs_conformance.ledger.spending import Spending, retry_pause_s
from drs_conformance.target import Target

__all__ = ["Ledger"]


class _Source(Protocol):
    spending: Spending
    header: dict[str, Any]

    @property
    def concurrency(self) -> int: ...
    @property
    def end(self) -> tuple[int, str]: ...
    @property
    def path(self) -> Path: ...
    def exchanges(self, lane: str, ordinal: int, wave: Sequence[Attempt]) -> list[Exchange]: ...
    def settle(self, exchange: Exchange) -> None: ...
    def wait(self, lane: str, seconds: float, because: str) -> None: ...
    def now(self, lane: str) -> datetime: ...
    def sign(self, lane: str, kid: str, message: bytes) -> bytes: ...
    def close(self, reason: str) -> dict[str, Any]: ...


class Ledger:
    """Sends requests, or answers them from a journal; checks cannot tell the two apart.

    A *lane* names who asks, as a rule a requirement. Exchanges are found again by lane and by
    their number within it, so that some lanes can be replayed without the others. One ledger
    serves one thread.
    """

    def __init__(self, source: _Source) -> None:
        """Use `Ledger.record` or `Ledger.replay` instead."""
        self._source = source
        self._ordinals: dict[str, int] = {}

    @classmethod
    def record(
        cls,
        folder: Path,
        target: Target,
        header: Mapping[str, Any],
        now: Clock = utc_now,
        registered: Registered | None = None,
        version: str | None = None,
    ) -> Ledger:
        """Return a ledger for a live target that journals to `folder`/journal.jsonl.

        `header` says what the run is (seed, profile, selection): JSON values, kept in the first
        line. `now` is the clock for everything that the journal dates. `registered` holds the
        registration, for the first line, and the lab's nonce, which only the last line reveals.
        `version` is that of the standard, the newest unless it is given.

        Raises:
            AuthorisationError: the target may not be probed now.
            JournalExists: the folder holds another run.
            JournalUnwritable: the journal cannot be made.

        """
        return cls(Recording(folder, target, header, now, registered, version))

    @classmethod
    def resume(
        cls,
        folder: Path,
        target: Target,
        header: Mapping[str, Any],
        version: str,
        now: Clock = utc_now,
    ) -> Ledger:
        """Return a ledger that answers from the journal in `folder` and then from the target.

        The arguments are those of `record`, and have to be those with which the run began. A
        request that was never answered is not sent again.

        Raises:
            AuthorisationError: the target may not be probed now.
            JournalDamaged: the journal is not what a run wrote.
            JournalUnwritable: it has ended, is still written to, or cannot be written.
            ResumeRefused: the run was registered, or is another.

        """
        return cls(Resuming(folder, target, header, now, version=version))

    @classmethod
    def replay(cls, folder: Path) -> Ledger:
        """Return a ledger that answers from the journal in `folder` and needs no credentials.

        Raises:
            JournalDamaged: the journal is not what a run wrote.

        """
        return cls(Replaying(folder))

    def send(self, lane: str, request: WireRequest) -> Exchange:
        """Send a request and return the last attempt at it.

        The request is checked against the budget and made durable before it is sent; the response
        is redacted and written before it is returned. Faults come back as exchanges. Retries
        (see `retry_pause_s`) are exchanges of their own.

        Raises:
            BudgetExhausted: it does not fit into the budget; nothing was written or sent.
            AuthorisationLapsed: the authorisation has ended.
            TargetGone: the target failed three times in a row.
            UnknownPersona: the target file does not name the persona.
            JournalUnwritable: a record could not be made durable.
            ReplayDiverged: in a replay, the recorded run did not send this here.
            CutOff: in a replay, the recorded run was cut off here.

        """
        (exchange,) = self._wave(lane, [request])
        return exchange

    def send_many(self, lane: str, requests: Iterable[WireRequest]) -> list[Exchange]:
        """Send requests that are all known beforehand, and return the last attempts, in order.

        As many are under way at once as the target file and its authorisation allow: a wave is
        sent, and the next when all of it is answered. So neither what is sent nor what comes of it
        depends on which answer is first. Raises what `send` does; what does not fit into the
        budget ends the wave that it is in before that is sent.
        """
        left = iter(requests)
        found: list[Exchange] = []
        while wave := list(itertools.islice(left, self._source.concurrency)):
            found += self._wave(lane, wave)
        return found

    def _wave(self, lane: str, requests: Sequence[WireRequest]) -> list[Exchange]:
        """Send requests at once, and those again that call for it, until all have an end."""
        attempts: list[tuple[Exchange, ...]] = [()] * len(requests)
        waiting = list(range(len(requests)))
        while True:
            ordinal = self._ordinals.get(lane, 0) + 1
            wave = [
                Attempt(requests[n], attempts[n][-1].id if attempts[n] else None) for n in waiting
            ]
            found = self._source.exchanges(lane, ordinal, wave)
            self._ordinals[lane] = ordinal + len(wave) - 1
            pauses: dict[int, float] = {}
            for n, exchange in zip(waiting, found, strict=True):
                pause_s = retry_pause_s(exchange, len(attempts[n]))
                attempts[n] += (exchange,)
                if pause_s is not None:
                    pauses[n] = pause_s
            if not pauses:
                break
            waiting = list(pauses)
            self._source.wait(lane, max(pauses.values()), "retry")
        last = [replace(each[-1], earlier=each[:-1]) for each in attempts]
        for exchange in last:
            self._source.settle(exchange)
        return last

    def sleep(self, seconds: float, lane: str = "suite") -> None:
        """Wait; a replay does not."""
        self._source.wait(lane, seconds, "check")

    def now(self, lane: str = "suite") -> datetime:
        """Return the time, in a replay the one that the same call of `lane` got when recorded."""
        return self._source.now(lane)

    def sign(self, lane: str, kid: str, message: bytes) -> bytes:
        """Return the Ed25519 signature of `message` by a key of the target file, 64 bytes.

        It is journalled, so that a replay needs no key. KeyError when there is no such key.

        Raises:
            JournalUnwritable: the record could not be written.
            ReplayDiverged: in a replay, the recorded run did not ask for this here.
            CutOff: in a replay, the recorded run was cut off here.

        """
        return self._source.sign(lane, kid, message)

    @property
    def header(self) -> Mapping[str, Any]:
        """The first record of the journal; `run` in it is what the caller gave."""
        return self._source.header

    @property
    def journal(self) -> Mapping[str, Any]:
        """Number of records of the journal and digest of the last line."""
        records, last = self._source.end
        return {"records": records, "head": f"sha256:{last}"}

    def recall(self, identifiers: Collection[str]) -> list[Exchange]:
        """Return the last attempts in the lanes of some exchanges, read back from the journal."""
        return exchanges_beside(self._source.path, identifiers)

    @property
    def requests_used(self) -> int:
        """Exchanges so far, retries included."""
        return self._source.spending.requests

    @property
    def output_tokens_used(self) -> int:
        """Output tokens reserved so far."""
        return self._source.spending.output_tokens

    @property
    def cost_usd(self) -> float:
        """US dollars reserved so far."""
        return self._source.spending.cost_usd

    def close(self, reason: str) -> Mapping[str, Any]:
        """End the journal, saying why, and return its footer.

        In a replay nothing is written; the footer is the recorded one, empty if there is none.
        """
        return self._source.close(reason)
