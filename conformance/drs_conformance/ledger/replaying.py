"""Answering from a journal instead of a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from drs_conformance.ledger.exchange import Attempt, Exchange, WireRequest
from drs_conformance.ledger.journal import JOURNAL_NAME, read_journal
from drs_conformance.ledger.records import (
    Record,
    exchanges_of,
    parse_timestamp,
    signature_of,
    signed_record,
)
from drs_conformance.ledger.redaction import Redactor
from drs_conformance.ledger.spending import (
    AuthorisationLapsed,
    Circuit,
    Reservation,
    Spending,
    reservation,
)
from drs_conformance.target import Budget, Prices

__all__ = ["CutOff", "ReplayDiverged", "Replaying"]


class ReplayDiverged(Exception):
    """The checks asked for something else than they did when the journal was recorded."""


class CutOff(KeyboardInterrupt):
    """The recorded run was killed or interrupted here, before it knew what came next."""


class Replaying:
    """The source of a ledger that sends nothing."""

    def __init__(self, folder: Path, *, goes_on: bool = False) -> None:
        """Read and verify the journal in `folder`; raises `JournalDamaged`.

        With `goes_on` a request at its end that was never answered is a fault, as it is where the
        journal itself goes on; without, the run ends there.
        """
        self.path = folder / JOURNAL_NAME
        records, summary = read_journal(self.path)
        self.end = (summary.records, summary.last)
        self.header: Record = dict(summary.header)
        self.footer: Record = dict(summary.footer or {})
        exchanges = exchanges_of(records)
        intents = [record for record in records if record["kind"] == "intent"]
        self._exchanges = {(e.lane, e.ordinal): e for e in exchanges}
        self._digests = {(i["lane"], i["ordinal"]): i["digest"] for i in intents}
        self._reserved = {(i["lane"], i["ordinal"]): Reservation(**i["reserved"]) for i in intents}
        self._clocks = {
            (r["lane"], r["ordinal"]): parse_timestamp(r["at"])
            for r in records
            if r["kind"] == "clock"
        }
        self._signed = {(r["lane"], r["ordinal"]): r for r in records if r["kind"] == "signed"}
        self._asked: dict[str, int] = {}
        self._signatures: dict[str, int] = {}
        self.recorded = len(intents)
        self._reason = self.footer.get("reason", "interrupted")
        is_cut_off = self._reason == "interrupted" and not goes_on
        self._never_answered = _never_answered(records) if is_cut_off else frozenset()
        self._redactor = Redactor()
        self.concurrency = int(self.header["target"].get("max_concurrency", 1))
        self._final = _final_state(exchanges, intents)
        self.spending = Spending()

    def exchanges(self, lane: str, ordinal: int, wave: Sequence[Attempt]) -> list[Exchange]:
        """Return the exchanges that stand at this place of the journal."""
        places = [(lane, ordinal + place) for place in range(len(wave))]
        if any(key not in self._exchanges for key in places):
            self._require_stopped(lane, ordinal, wave)
        if any(self._exchanges[key].id in self._never_answered for key in places):
            for key in places:
                self.spending = self.spending.plus(self._reserved[key])
            raise CutOff
        return [
            self._found(key, attempt.request) for key, attempt in zip(places, wave, strict=True)
        ]

    def _found(self, key: tuple[str, int], request: WireRequest) -> Exchange:
        kept = self._redactor.hide_request(request)
        found = self._exchanges[key]
        if kept.digest() != self._digests[key]:
            raise ReplayDiverged(
                f"exchange {key[1]} of {key[0]} was {_shown(found.request)} when it was recorded "
                f"({found.id}), now the check asks for {_shown(kept)}; replay with the version of "
                f"the suite that recorded it ({self.header['suite_version']})"
            )
        self.spending = self.spending.plus(self._reserved[key])
        return replace(found, request=kept)

    def holds(self, lane: str, ordinal: int) -> bool:
        """Tell whether the journal has this exchange."""
        return (lane, ordinal) in self._exchanges

    def holds_time(self, lane: str) -> bool:
        """Tell whether the journal has the time that `lane` asks for next."""
        return (lane, self._asked.get(lane, 0) + 1) in self._clocks

    def settle(self, exchange: Exchange) -> None:
        """Do nothing: whether the target was gone is known from the end of the journal."""

    def wait(self, lane: str, seconds: float, because: str) -> None:
        """Do not wait."""

    def now(self, lane: str) -> datetime:
        """Return the time that `lane` was given when the journal was recorded."""
        self._asked[lane] = self._asked.get(lane, 0) + 1
        key = (lane, self._asked[lane])
        if key not in self._clocks:
            raise ReplayDiverged(f"{lane} did not ask for the time {key[1]} times when recorded")
        return self._clocks[key]

    def holds_signature(self, lane: str) -> bool:
        """Tell whether the journal has the signature that `lane` asks for next."""
        return (lane, self._signatures.get(lane, 0) + 1) in self._signed

    def sign(self, lane: str, kid: str, message: bytes) -> bytes:
        """Return the signature that `lane` was given when the journal was recorded."""
        if not self.holds_signature(lane) and self._reason == "interrupted":
            raise CutOff
        ordinal = self._signatures[lane] = self._signatures.get(lane, 0) + 1
        recorded = self._signed.get((lane, ordinal), {})
        asked = signed_record(lane, ordinal, kid, message, b"")
        if any(recorded.get(name) != asked[name] for name in ("kid", "digest")):
            raise ReplayDiverged(
                f"signature {ordinal} of {lane} was of something else when it was recorded; replay "
                f"with the version of the suite that recorded it ({self.header['suite_version']})"
            )
        return signature_of(recorded)

    def close(self, reason: str) -> Record:
        """Return the footer of the journal; empty when it has none."""
        return self.footer

    def _require_stopped(self, lane: str, ordinal: int, wave: Sequence[Attempt]) -> None:
        """Raise what stopped the recorded run here, else `ReplayDiverged`.

        That state is the one at the end of the journal, so that a replay of a few requirements
        meets it where the whole run did.
        """
        circuit, spending = self._final
        circuit.require_closed()
        target: Any = self.header["target"]
        prices = Prices(**target["prices"])
        reserved = [reservation(attempt.request, prices) for attempt in wave]
        spending.require_room(reserved, Budget(**target["budget"]))
        if self._reason == "authorisation-lapsed":
            raise AuthorisationLapsed
        if self._reason == "interrupted":
            raise CutOff
        raise ReplayDiverged(
            f"the journal holds no exchange {ordinal} of {lane}; now the check asks for "
            f"{_shown(wave[0].request)}"
        )


def _never_answered(records: list[Record]) -> frozenset[str]:
    """Return the identifiers of the intents since the run last went on that nothing answered."""
    waiting: set[str] = set()
    for record in records:
        if record["kind"] == "resumed":
            waiting.clear()
        elif record["kind"] == "intent":
            waiting.add(record["id"])
        elif record["kind"] in {"response", "fault"}:
            waiting.discard(record["id"])
    return frozenset(waiting)


def _final_state(exchanges: list[Exchange], intents: list[Record]) -> tuple[Circuit, Spending]:
    circuit, spending = Circuit(), Spending()
    retried = {intent["retry_of"] for intent in intents}
    for exchange, intent in zip(exchanges, intents, strict=True):
        spending = spending.plus(Reservation(**intent["reserved"]))
        if exchange.id not in retried:
            circuit = circuit.after(exchange)
    return circuit, spending


def _shown(request: WireRequest) -> str:
    size = "no body" if request.body is None else f"{len(request.body)} bytes"
    return f"{request.method} {request.path} by {request.persona or 'nobody'} with {size}"
