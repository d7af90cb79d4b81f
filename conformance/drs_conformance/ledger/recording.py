"""Exchanges with a live target, journalled."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drs_conformance.ledger.exchange import Attempt, Exchange, Headers, WireRequest
from drs_conformance.ledger.journal import JournalWriter
from drs_conformance.ledger.records import (
    Record,
    fault_record,
    header_record,
    intent_record,
    response_record,
    signed_record,
    timestamp,
)
from drs_conformance.ledger.redaction import Redacted, Redactor
from drs_conformance.ledger.resolving import AddressRefused, Resolver
from drs_conformance.ledger.spending import (
    AuthorisationLapsed,
    Circuit,
    Reservation,
    Spending,
    reservation,
)
from drs_conformance.ledger.wire import Received, Sending, Wire
from drs_conformance.specification.location import latest_version
from drs_conformance.target import AuthorisationError, Origin, Problem, Target, authorise

__all__ = [
    "Clock",
    "Recording",
    "Registered",
    "UnknownPersona",
    "utc_now",
]

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registered run adds to its journal: its registration first, the lab's nonce last."""

    registration: Mapping[str, Any]
    lab_nonce: bytes = field(repr=False)


class UnknownPersona(Exception):
    """A check asked for a persona that the target file does not name."""


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


class Recording:
    """The live source of a ledger."""

    def __init__(
        self,
        folder: Path,
        target: Target,
        run: Mapping[str, Any],
        now: Clock,
        registered: Registered | None = None,
        version: str | None = None,
    ) -> None:
        """Check the authorisation and start the journal in `folder`."""
        authorise(target, now())
        self._target = target
        self._now = now
        secrets = (target.secrets, target.signing_keys)
        self._redactor = Redactor(pair for each in secrets for pair in each.variables())
        self._wires = {
            root: Wire(root, target.timeout_s, _resolver(target, root), target.ca_file)
            for root in target.roots
        }
        self._circuit = Circuit()
        self._sent = 0
        self._clocks: dict[str, int] = {}
        self._signatures: dict[str, int] = {}
        self.spending = Spending()
        self._registered = registered
        versions = (version or latest_version(), _suite_version())
        self.header: Record = header_record(
            target, self._redactor.hide_value(run), versions, self._at()
        )
        if target.description is not None:
            described = self._redactor.hide_value(target.description)
            self.header["target"]["dialect_description"] = described
        if registered is not None:
            self.header["registration"] = self._redactor.hide_value(registered.registration)
        self._journal = self._opened(folder)

    def _opened(self, folder: Path) -> JournalWriter:
        journal = JournalWriter.create(folder)
        journal.append(self.header)
        journal.sync()
        return journal

    @property
    def concurrency(self) -> int:
        """Most requests that may be under way at once."""
        return self._target.budget.max_concurrency

    def exchanges(self, lane: str, ordinal: int, wave: Sequence[Attempt]) -> list[Exchange]:
        """Send requests at once, each a single time, and return what came of them, in order.

        All intents are durable before the first is sent. An answer is written before it is used,
        and durable with the next intent: a kill loses nothing that was written, and an answer that
        a power cut takes was never used for anything that is not lost too.
        """
        reserved, spending = self._room([attempt.request for attempt in wave])
        sendings = [self._sending(attempt.request) for attempt in wave]
        intents = [
            self._intent(lane, ordinal + place, attempt, sendings[place][1], reserved[place])
            for place, attempt in enumerate(wave)
        ]
        found = [shell for shell, _ in intents]
        self._journal.append(*(record for _, record in intents))
        self._journal.sync()
        self.spending = spending

        def keep(places: Sequence[int], number: int, received: Received) -> None:
            found[places[number]] = self._keep(found[places[number]], received)

        for root, wire in self._wires.items():
            places = [n for n, one in enumerate(wave) if self._root_of(one.request) == root]
            if places:
                wire.send([sendings[place] for place in places], partial(keep, places))
        return found

    @property
    def end(self) -> tuple[int, str]:
        """Number of records so far and SHA-256 of the last line."""
        return self._journal.end

    @property
    def path(self) -> Path:
        """The journal."""
        return self._journal.path

    def _sending(self, request: WireRequest) -> Sending:
        credential, source_address = self._persona(request.persona)
        headers = self._wires[self._root_of(request)].headers(request)
        if credential is not None:
            carrier = request.credential
            headers = ((carrier.name, carrier.prefix + credential), *headers)
        return request, headers, source_address

    def _intent(
        self, lane: str, ordinal: int, attempt: Attempt, headers: Headers, reserved: Reservation
    ) -> tuple[Exchange, Record]:
        """Return a request that is about to be sent as an exchange to be, and the line for it."""
        kept = self._redactor.hide_request(attempt.request)
        shell = Exchange(
            id=f"x-{self._sent + 1:06d}",
            lane=lane,
            ordinal=ordinal,
            request=kept,
            status=None,
            headers=(),
            body=b"",
            elapsed_s=0.0,
            sent_at=self._at(),
            received_at="",
            url=self._root_of(attempt.request) + kept.path,
            sent_headers=self._redactor.hide_headers(headers),
        )
        key = (shell.id, lane, ordinal)
        self._sent += 1
        return shell, intent_record(
            key, kept, shell.sent_headers, reserved, attempt.retry_of, shell.sent_at
        )

    def settle(self, exchange: Exchange) -> None:
        """Take note of the last attempt of a send."""
        self._circuit = self._circuit.after(exchange)

    def wait(self, lane: str, seconds: float, because: str) -> None:
        """Journal a pause, and make it."""
        record = {"kind": "wait", "lane": lane, "seconds": seconds, "because": because}
        self._journal.append({**record, "at": self._at()})
        time.sleep(seconds)

    def now(self, lane: str) -> datetime:
        """Return the time, and journal that `lane` asked for it."""
        moment = self._now().astimezone(UTC)
        self._clocks[lane] = self._clocks.get(lane, 0) + 1
        record = {"kind": "clock", "lane": lane, "ordinal": self._clocks[lane]}
        self._journal.append({**record, "at": timestamp(moment)})
        return moment

    def sign(self, lane: str, kid: str, message: bytes) -> bytes:
        """Sign, and journal the signature."""
        key = Ed25519PrivateKey.from_private_bytes(
            bytes.fromhex(self._target.signing_keys.value(kid))
        )
        signature = key.sign(message)
        self._signatures[lane] = self._signatures.get(lane, 0) + 1
        self._journal.append(signed_record(lane, self._signatures[lane], kid, message, signature))
        return signature

    def close(self, reason: str) -> Record:
        """Write the footer, close everything and return the footer."""
        footer = {
            "kind": "footer",
            "reason": self._redactor.hide(reason),
            "spent": {
                "requests": self.spending.requests,
                "output_tokens": self.spending.output_tokens,
                "cost_usd": self.spending.cost_usd,
            },
            "finished_at": self._at(),
        }
        if self._registered is not None:
            footer["lab_nonce"] = self._registered.lab_nonce.hex()
        try:
            self._journal.append(footer)
            self._journal.sync()
        finally:
            self._journal.close()
            for wire in self._wires.values():
                wire.close()
        return footer

    def _room(self, requests: Sequence[WireRequest]) -> tuple[list[Reservation], Spending]:
        """Return what requests cost at most, and the sum with them, if they may be sent."""
        self._circuit.require_closed()
        if self._now() >= self._target.authorisation.expires_at:
            raise AuthorisationLapsed
        reserved = [reservation(request, self._target.prices) for request in requests]
        return reserved, self.spending.require_room(reserved, self._target.budget)

    def _root_of(self, request: WireRequest) -> str:
        return self._target.root_of(request.persona)

    def _persona(self, name: str | None) -> tuple[str | None, str | None]:
        if name is None:
            return None, None
        persona = self._target.personas.get(name)
        if persona is None:
            known = ", ".join(self._target.personas)
            raise UnknownPersona(
                f"expected a persona of the target file ({known}), got {name!r}; add it there"
            )
        return self._target.secrets.value(name), persona.source_address

    def _keep(self, shell: Exchange, received: Received) -> Exchange:
        fault = received.fault
        body = Redacted(b"", withheld=False)
        if fault is None:
            body = self._redactor.hide_body(received.body)
        else:
            fault = replace(fault, detail=self._redactor.hide(fault.detail))
        exchange = replace(
            shell,
            status=received.status,
            headers=self._redactor.hide_headers(received.headers),
            body=body.body,
            elapsed_s=received.elapsed_s,
            received_at=self._at(),
            fault=fault,
            address=received.address,
        )
        record = (
            response_record(exchange, len(received.body), body.withheld)
            if fault is None
            else fault_record(exchange, fault)
        )
        self._journal.append(record)
        return exchange

    def _at(self) -> str:
        return timestamp(self._now())


def _resolver(target: Target, root: str) -> Resolver:
    """Return where a root of the target lies; raises `AuthorisationError` if it may not."""
    permit = target.authorisation
    resolver = Resolver(Origin.of(root), permit.networks)
    try:
        resolver.require_permitted()
    except AddressRefused as error:
        remedy = "correct the URL, or ask for an authorisation that names it in `networks`"
        problem = Problem(str(permit.file), "/networks", str(error), remedy)
        raise AuthorisationError([problem]) from None
    return resolver


def _suite_version() -> str:
    try:
        return importlib.metadata.version("distillation-resistance-standard")
    except importlib.metadata.PackageNotFoundError:
        return "0+unknown"
