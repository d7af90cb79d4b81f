"""Accounts with and without the measure, and parameter documents."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from drs_reference.model import LanguageModel
from drs_reference.response.ladder import Position
from drs_reference.response.measures import Measure
from drs_reference.response.procedure import Account

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = "schemas/0.1/examples/valid/perturbation-parameters/green-list-watermark.json"
NOW = datetime(2026, 11, 15, tzinfo=UTC)


@pytest.fixture(scope="session")
def model() -> LanguageModel:
    return LanguageModel.load()


@pytest.fixture
def now() -> datetime:
    """A moment at which documents of ``document`` are valid."""
    return NOW


@pytest.fixture
def account() -> Callable[..., Account]:
    """``account("perturb")`` is one under that measure."""

    def make(*measures: str) -> Account:
        running = tuple(Measure(kind, NOW) for kind in measures)
        return Account("a-1", None, None, Position("perturbed", NOW, NOW), NOW, running)

    return make


@pytest.fixture
def document() -> Callable[..., dict[str, Any]]:
    """``document(mechanism, parameters)`` is the example of the standard with other members."""
    example = json.loads((ROOT / EXAMPLE).read_text("utf-8"))

    def make(mechanism: str, parameters: dict[str, Any], **members: Any) -> dict[str, Any]:
        made: dict[str, Any] = copy.deepcopy(example)
        return made | {"mechanism": mechanism, "parameters": parameters} | members

    return make
