"""Documents of parameters: to mechanisms and back, and the ones that are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

import pytest
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Sampling
from drs_reference.model import LanguageModel
from drs_reference.perturbation.parameters import (
    KINDS,
    ParametersError,
    covert_mechanism,
    read,
)
from drs_reference.perturbation.tournament import DEFAULT, TournamentParameters
from drs_reference.response.procedure import Account
from drs_reference.standard import registry, validator

KEY = b"0123456789abcdef"
Document = Callable[..., dict[str, Any]]
ENTRIES = {e["id"]: e for e in registry("mechanisms")["entries"] if e["class"] == "covert"}
ACTIVE = sorted(name for name, entry in ENTRIES.items() if entry["status"] == "active")
EXPERIMENTAL = {"antidistillation-sampling": 2, "product-of-experts": 1}


def test_every_covert_entry_has_its_parameters_and_they_are_those_of_the_schema() -> None:
    parts: Any = validator("perturbation-parameters").schema
    assert set(KINDS) == set(ENTRIES)
    for name, kind in KINDS.items():
        assert {field.name for field in fields(kind)} == set(parts["$defs"][name]["properties"])
    assert {name for name in ENTRIES if name not in ACTIVE} == set(EXPERIMENTAL)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_a_document_comes_back_as_it_was(
    name: str, document: Document, now: datetime, model: LanguageModel
) -> None:
    written = document(name, asdict(KINDS[name]()))
    models = (model,) * EXPERIMENTAL.get(name, 0)
    laboratory = models or None
    made = covert_mechanism(written, KEY, now, laboratory=laboratory)
    assert made.mechanism == name
    assert made.covert
    assert asdict(made.parameters) == written["parameters"]
    assert not list(validator("perturbation-parameters").iter_errors(written))


@pytest.mark.parametrize("name", sorted(EXPERIMENTAL))
def test_experimental_mechanisms_are_for_the_laboratory(
    name: str,
    document: Document,
    now: datetime,
    model: LanguageModel,
    account: Callable[..., Account],
) -> None:
    written = document(name, asdict(KINDS[name]()))
    with pytest.raises(ParametersError, match=f"{name} is experimental"):
        covert_mechanism(written, KEY, now)
    with pytest.raises(ParametersError, match=r"expected \d, not 0"):
        covert_mechanism(written, KEY, now, laboratory=())
    made: Any = covert_mechanism(written, KEY, now, laboratory=(model,) * EXPERIMENTAL[name])
    request = ChatRequest("m", (("user", "Hello!"),), Sampling())
    assert made.applied(account("perturb"), request) is None


def test_without_a_card_a_mechanism_is_measured_and_not_applied(
    document: Document, now: datetime
) -> None:
    written = document("tournament-watermark", asdict(DEFAULT), efficacy_card=None)
    with pytest.raises(ParametersError, match="no efficacy card"):
        covert_mechanism(written, KEY, now)
    assert covert_mechanism(written, KEY, now, laboratory=()).parameters == DEFAULT


@pytest.mark.parametrize("days", [-20, 100])
def test_documents_hold_for_their_time(document: Document, now: datetime, days: int) -> None:
    written = document("tournament-watermark", asdict(DEFAULT))
    with pytest.raises(ParametersError, match="is valid from"):
        covert_mechanism(written, KEY, now + timedelta(days=days), laboratory=())


def test_a_covert_mechanism_has_a_budget(document: Document, now: datetime) -> None:
    written = document("tournament-watermark", asdict(DEFAULT))
    del written["budget"]
    with pytest.raises(ParametersError, match="budget"):
        covert_mechanism(written, KEY, now)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("gumbel-watermark", {"context_tokens": 4}, "mask_repeated_contexts"),
        ("green-list-watermark", {"delta": -1, "gamma": 0.5, "context_tokens": 1}, "delta"),
        ("bucketed-sampling", {"buckets": 1, "visits": 1, "key_scope": "tenant"}, "key_scope"),
        ("best-of-n-selection", {"candidates": 1, "key_scope": "tenant"}, "candidates"),
        ("trace-withholding", {}, "class"),
        ("secret-sauce", {}, "mechanism"),
    ],
)
def test_wrong_documents_say_where(
    name: str, parameters: dict[str, Any], said: str, document: Document
) -> None:
    with pytest.raises(ParametersError, match=said):
        read(document(name, parameters))


def test_overt_mechanisms_are_made_elsewhere(document: Document) -> None:
    with pytest.raises(ParametersError, match="expected a covert mechanism"):
        read(document("trace-withholding", {}, **{"class": "overt"}))


def test_parameters_are_held_against_the_schema_also_without_a_document() -> None:
    with pytest.raises(ParametersError, match=r"tournament-watermark, parameters\.layers: 0 is"):
        TournamentParameters(layers=0)


@pytest.mark.parametrize("name", [name for name in ACTIVE if name != "best-of-n-selection"])
def test_only_accounts_under_the_measure_are_answered_otherwise(
    name: str, document: Document, now: datetime, account: Callable[..., Account]
) -> None:
    made: Any = covert_mechanism(document(name, asdict(KINDS[name]())), KEY, now)
    request = ChatRequest("m", (("user", "Hello!"),), Sampling())
    assert made.applied(account("throttle"), request) is None
    assert made.applied(account("throttle", "perturb"), request) is not None
    with pytest.raises(ValueError, match="16 bytes"):
        covert_mechanism(document(name, asdict(KINDS[name]())), b"short", now)
