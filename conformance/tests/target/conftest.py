"""A target file and its authorisation, as documents that a test may spoil."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drs_conformance.target import Target, load_target


@pytest.fixture
def environ() -> dict[str, str]:
    return {"DRS_CONTROL": "sk-control-0123456789", "DRS_FRESH_1": "sk-fresh-1-0123456789"}


@pytest.fixture
def document() -> dict[str, Any]:
    return {
        "drs_version": "0.1",
        "name": "Endpoint of a test",
        "base_url": "http://127.0.0.1:8080/v1",
        "dialect": "openai_chat",
        "model": "model-1",
        "authorisation": "permits/authorisation.json",
        "personas": {
            "control": {"credential": "DRS_CONTROL", "source_address": "127.0.0.2"},
            "fresh-1": {"credential": "DRS_FRESH_1"},
        },
        "budget": {"max_requests": 200, "max_output_tokens": 20000, "max_cost_usd": 1},
    }


@pytest.fixture
def permit() -> dict[str, Any]:
    return {
        "drs_version": "0.1",
        "issued_by": "A. Tester, Example Ltd",
        "contact": "tester@example.com",
        "origins": ["http://127.0.0.1:*"],
        "not_before": "2026-01-01T00:00:00Z",
        "expires_at": "2026-12-31T00:00:00Z",
        "bounds": {
            "max_requests": 500,
            "max_output_tokens": 50000,
            "max_cost_usd": 5,
            "max_concurrency": 1,
        },
    }


@pytest.fixture
def load(
    tmp_path: Path, document: dict[str, Any], permit: dict[str, Any], environ: dict[str, str]
) -> Callable[[], Target]:
    """Write both files as they stand and load them."""

    def write_and_load() -> Target:
        (tmp_path / "permits").mkdir(exist_ok=True)
        (tmp_path / "permits" / "authorisation.json").write_text(json.dumps(permit))
        (tmp_path / "target.json").write_text(json.dumps(document))
        return load_target(tmp_path / "target.json", environ)

    return write_and_load
