"""Exchanges as a ledger would return them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from drs_conformance.ledger import Exchange, WireRequest


@pytest.fixture(scope="session")
def exchange() -> Callable[..., Exchange]:
    def make(
        body: object, status: int | None = 200, media_type: str = "application/json"
    ) -> Exchange:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Exchange(
            id="x-000001",
            lane="T",
            ordinal=1,
            request=WireRequest("POST", "/v1/chat/completions", None),
            status=status,
            headers=(("Content-Type", media_type),),
            body=data,
            elapsed_s=0.1,
            sent_at="2026-01-01T00:00:00.000000Z",
            received_at="2026-01-01T00:00:00.100000Z",
        )

    return make
