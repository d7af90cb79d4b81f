"""An exchange as reports show it."""

from __future__ import annotations

from dataclasses import dataclass

from drs_conformance.ledger import Exchange, Headers, curl_command

__all__ = ["ExchangeView", "view_of"]


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """One exchange as text; credentials were taken out when it was captured."""

    id: str
    lane: str
    method: str
    url: str
    persona: str | None
    request_headers: Headers
    request_body: str
    status: int | None
    response_headers: Headers
    response_body: str
    elapsed_s: float
    sent_at: str
    fault: str | None
    curl: str


def view_of(exchange: Exchange) -> ExchangeView:
    """Return the view of an exchange."""
    request, fault = exchange.request, exchange.fault
    return ExchangeView(
        id=exchange.id,
        lane=exchange.lane,
        method=request.method,
        url=exchange.url,
        persona=request.persona,
        request_headers=exchange.sent_headers,
        request_body=(request.body or b"").decode("utf-8", "replace"),
        status=exchange.status,
        response_headers=exchange.headers,
        response_body=exchange.text(),
        elapsed_s=exchange.elapsed_s,
        sent_at=exchange.sent_at,
        fault=None if fault is None else f"{fault.kind}: {fault.detail}",
        curl=curl_command(exchange),
    )
