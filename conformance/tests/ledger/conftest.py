"""Targets that point at a server on a raw socket."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from drs_conformance.ledger import Ledger
from drs_conformance.target import Target, load_target
from raw_server import Answer, Answers, RawServer

CREDENTIALS = {"DRS_CONTROL": "sk-drs/Control+key=0123", "DRS_FRESH_1": "sk-drs-fresh-1-abcdefgh"}


@pytest.fixture
def answers() -> type[Answers]:
    return Answers


@pytest.fixture
def endpoint() -> Iterator[Callable[..., RawServer]]:
    started: list[RawServer] = []

    def start(*script: Answer) -> RawServer:
        started.append(RawServer(list(script) or [Answers.response()]))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def make_target(tmp_path: Path) -> Callable[..., Target]:
    def make(root: str, *, permitted: Any = None, **changes: Any) -> Target:
        document = {
            "drs_version": "0.1",
            "name": "Endpoint of a test",
            "base_url": f"{root}/v1",
            "dialect": "openai_chat",
            "model": "model-1",
            "authorisation": "authorisation.json",
            "personas": {
                "control": {"credential": "DRS_CONTROL", "source_address": "127.0.0.2"},
                "fresh-1": {"credential": "DRS_FRESH_1", "source_address": "127.0.0.3"},
            },
            "budget": {"max_requests": 1000, "max_output_tokens": 1000, "max_cost_usd": 1},
            "timeout_s": 2,
            **changes,
        }
        permit = {
            "drs_version": "0.1",
            "issued_by": "A test",
            "contact": "nobody@example.com",
            "origins": ["http://127.0.0.1:*", "https://127.0.0.1:*"],
            "not_before": "2020-01-01T00:00:00Z",
            "expires_at": "2999-01-01T00:00:00Z",
            "bounds": {
                "max_requests": 1_000_000,
                "max_output_tokens": 1_000_000,
                "max_cost_usd": 1000,
                "max_concurrency": 8,
            },
            **(permitted or {}),
        }
        (tmp_path / "target.json").write_text(json.dumps(document))
        (tmp_path / "authorisation.json").write_text(json.dumps(permit))
        return load_target(tmp_path / "target.json", CREDENTIALS)

    return make


@pytest.fixture
def record(make_target: Callable[..., Target], tmp_path: Path) -> Iterator[Callable[..., Ledger]]:
    ledgers: list[Ledger] = []

    def start(root: str, **changes: Any) -> Ledger:
        folder = tmp_path / f"run-{len(ledgers) + 1}"
        ledgers.append(Ledger.record(folder, make_target(root, **changes), {"seed": 1}))
        return ledgers[-1]

    yield start
    for ledger in ledgers:
        with contextlib.suppress(Exception):
            ledger.close("end of the test")
