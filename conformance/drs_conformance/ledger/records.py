"""The lines of a journal (schema `journal-record`) as values, and back."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from drs_conformance.dsse import base64url
from drs_conformance.ledger.bodies import decode_body, encode_body
from drs_conformance.ledger.exchange import (
    BEARER,
    CredentialField,
    Exchange,
    Fault,
    Headers,
    WireRequest,
)
from drs_conformance.ledger.spending import Reservation
from drs_conformance.target import Hub, Origin, Target, TrustGroup

__all__ = [
    "Assembly",
    "Record",
    "exchanges_of",
    "fault_record",
    "header_record",
    "intent_record",
    "parse_timestamp",
    "response_record",
    "signature_of",
    "signed_record",
    "timestamp",
]

Record = dict[str, Any]


def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_timestamp(text: str) -> datetime:
    """Undo `timestamp`. Raises ValueError."""
    return datetime.fromisoformat(text)


def header_record(target: Target, run: object, versions: tuple[str, str], at: str) -> Record:
    """Return what the first line says; `versions` are those of the standard and of the suite."""
    return {
        "kind": "header",
        "drs_version": versions[0],
        "suite_version": versions[1],
        "started_at": at,
        "target": {
            "name": target.name,
            "base_url": target.base_url,
            "root": target.root,
            "dialect": target.dialect,
            "model": target.model,
            "timeout_s": target.timeout_s,
            "max_concurrency": target.budget.max_concurrency,
            "personas": {
                name: {
                    "credential": persona.credential_variable,
                    "source_address": persona.source_address,
                }
                for name, persona in target.personas.items()
            },
            "budget": {
                "max_requests": target.budget.max_requests,
                "max_output_tokens": target.budget.max_output_tokens,
                "max_cost_usd": target.budget.max_cost_usd,
            },
            "prices": {
                "input_usd_per_mtok": target.prices.input_usd_per_mtok,
                "output_usd_per_mtok": target.prices.output_usd_per_mtok,
            },
            **_hub(target.hub),
            **_trust_group(target.trust_group),
        },
        "run": run,
    }


def _hub(hub: Hub | None) -> Record:
    if hub is None:
        return {}
    members = {
        name: {
            "identity": member.identity,
            "kid": member.kid,
            **({"revoked_kid": member.revoked_kid} if member.revoked_kid else {}),
        }
        for name, member in hub.members.items()
    }
    return {"hub": {"log_key": hub.log_key, "members": members}}


def _trust_group(group: TrustGroup | None) -> Record:
    return {} if group is None else {"trust_group": dict(group.document)}


def intent_record(
    key: tuple[str, str, int],
    request: WireRequest,
    sent_headers: Headers,
    reserved: Reservation,
    retry_of: str | None,
    at: str,
) -> Record:
    """Return the line that is durable before anything is sent; `key` is id, lane, ordinal."""
    return {
        "kind": "intent",
        "id": key[0],
        "lane": key[1],
        "ordinal": key[2],
        "retry_of": retry_of,
        "digest": request.digest(),
        "request": request.record(),
        "sent_headers": [list(pair) for pair in sent_headers],
        "reserved": {
            "input_tokens": reserved.input_tokens,
            "output_tokens": reserved.output_tokens,
            "cost_usd": reserved.cost_usd,
        },
        "sent_at": at,
    }


def response_record(exchange: Exchange, received_bytes: int, withheld: bool) -> Record:
    """Return the line for a response; `received_bytes` is the length before redaction."""
    return {
        "kind": "response",
        "id": exchange.id,
        **_address(exchange),
        "status": exchange.status,
        "headers": [list(pair) for pair in exchange.headers],
        "body": encode_body(exchange.body),
        "body_bytes": received_bytes,
        "withheld": withheld,
        "elapsed_s": exchange.elapsed_s,
        "received_at": exchange.received_at,
    }


def fault_record(exchange: Exchange, fault: Fault) -> Record:
    """Return the line for a fault."""
    return {
        "kind": "fault",
        "id": exchange.id,
        **_address(exchange),
        "fault": {"kind": fault.kind, "detail": fault.detail},
        "elapsed_s": exchange.elapsed_s,
        "received_at": exchange.received_at,
    }


def signed_record(lane: str, ordinal: int, kid: str, message: bytes, signature: bytes) -> Record:
    """Return the line for a signature of `message`."""
    return {
        "kind": "signed",
        "lane": lane,
        "ordinal": ordinal,
        "kid": kid,
        "digest": f"sha256:{hashlib.sha256(message).hexdigest()}",
        "signature": base64url(signature),
    }


def signature_of(record: Mapping[str, Any]) -> bytes:
    """Return the signature that `signed_record` wrote."""
    return base64.urlsafe_b64decode(record["signature"] + "==")


def _address(exchange: Exchange) -> Record:
    return {} if exchange.address is None else {"address": exchange.address}


class Assembly:
    """Puts intents and their endings together, as they stand in a journal.

    An intent that nothing followed becomes an exchange with the fault `censored`: it may have
    reached the target, so it is billed and never sent again. The first intent after the run was
    resumed becomes an exchange `after_gap`. Only what is not complete yet is held.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: a record is not one of the schema.

    """

    def __init__(self) -> None:
        self._root = ""
        self._roots: dict[str, str] = {}
        self._is_after_gap = False
        self._waiting: dict[str, tuple[Mapping[str, Any], bool]] = {}
        self._endings: dict[str, Mapping[str, Any]] = {}

    def add(self, record: Mapping[str, Any]) -> Iterator[Exchange]:
        """Take in the next record; yield the exchanges that are complete now, in schedule order."""
        kind = record["kind"]
        if kind == "header":
            self._root = record["target"]["root"]
            self._roots = _other_roots(record["target"].get("trust_group"))
        elif kind == "resumed":
            yield from self.rest()
            self._is_after_gap = True
        elif kind == "intent":
            self._waiting[record["id"]] = record, self._is_after_gap
            self._is_after_gap = False
        elif kind in {"response", "fault"}:
            self._endings[record["id"]] = record
            while self._waiting and (first := next(iter(self._waiting))) in self._endings:
                yield self._exchange(first)

    def rest(self) -> Iterator[Exchange]:
        """Yield what is left at the end, in schedule order."""
        for identifier in list(self._waiting):
            yield self._exchange(identifier)

    def _exchange(self, identifier: str) -> Exchange:
        intent, after_gap = self._waiting.pop(identifier)
        root = self._roots.get(intent["request"]["persona"], self._root)
        return _exchange(root, intent, self._endings.pop(identifier, None), after_gap=after_gap)


def _other_roots(group: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the origins of personas that speak with another than the target's."""
    if group is None:
        return {}
    return dict.fromkeys(group["members"], str(Origin.of(group["api_root"])))


def exchanges_of(records: Iterable[Mapping[str, Any]]) -> list[Exchange]:
    """Return the exchanges of a journal in schedule order; see `Assembly`."""
    assembly = Assembly()
    found = [exchange for record in records for exchange in assembly.add(record)]
    return [*found, *assembly.rest()]


def _exchange(
    root: str, intent: Mapping[str, Any], ending: Mapping[str, Any] | None, *, after_gap: bool
) -> Exchange:
    request = _request(intent["request"])
    if ending is None:
        fault: Fault | None = Fault("censored", "the run was stopped before an answer was kept")
    elif ending["kind"] == "fault":
        fault = Fault(ending["fault"]["kind"], ending["fault"]["detail"])
    else:
        fault = None
    response = ending if ending is not None and ending["kind"] == "response" else None
    return Exchange(
        id=intent["id"],
        lane=intent["lane"],
        ordinal=intent["ordinal"],
        request=request,
        status=response["status"] if response else None,
        headers=_pairs(response["headers"]) if response else (),
        body=(decode_body(response["body"]) or b"") if response else b"",
        elapsed_s=ending["elapsed_s"] if ending else 0.0,
        sent_at=intent["sent_at"],
        received_at=ending["received_at"] if ending else intent["sent_at"],
        fault=fault,
        url=root + request.path,
        sent_headers=_pairs(intent["sent_headers"]),
        after_gap=after_gap,
        address=ending.get("address") if ending else None,
    )


def _request(record: Mapping[str, Any]) -> WireRequest:
    return WireRequest(
        record["method"],
        record["path"],
        record["persona"],
        _pairs(record["headers"]),
        decode_body(record["body"]),
        record["output_tokens"],
        CredentialField(**record["credential"]) if "credential" in record else BEARER,
    )


def _pairs(pairs: Iterable[Iterable[str]]) -> Headers:
    return tuple((name, value) for name, value in pairs)
