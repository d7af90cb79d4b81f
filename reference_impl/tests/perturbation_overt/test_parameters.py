"""Documents ``perturbation-parameters``: what an endpoint applies, and what it refuses and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from drs_reference.gateway.surfaces import SURFACES
from drs_reference.perturbation.base import Overt
from drs_reference.perturbation.configured import configured
from drs_reference.perturbation.document import ParametersError, read_parameters
from drs_reference.perturbation.green_list import GreenListWatermark
from drs_reference.perturbation.overt import OVERT, has_effect
from drs_reference.standard import registry, standard_root

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GIVEN: dict[str, dict[str, Any]] = {
    "step-elision": {"share": 0.5, "applies_to": "every-response"},
    "trace-summary": {"tokens_max": 12},
    "trace-withholding": {},
    "logprob-refusal": {},
    "logprob-truncation": {"alternatives_max": 2},
    "logprob-rounding": {"decimals": 1},
}
Write = Callable[[dict[str, Any]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(document: dict[str, Any]) -> Path:
        path = tmp_path / "parameters.json"
        path.write_text(json.dumps(document))
        return path

    return written


def made(path: Path) -> Any:
    return configured(path, lambda name: name.ljust(16).encode(), NOW)


def test_the_overt_mechanisms_are_those_of_the_registry() -> None:
    entries = registry("mechanisms")["entries"]
    assert {name: make(GIVEN[name], bytes(16)).withholds_from for name, make in OVERT.items()} == {
        entry["id"]: entry["withholds"] for entry in entries if entry["class"] == "overt"
    }


@pytest.mark.parametrize("name", OVERT)
def test_each_has_exactly_the_parameters_of_the_schema(
    name: str, document: Any, write: Write
) -> None:
    surfaces = ["responses"]
    use = made(write(document(name, GIVEN[name], surfaces=surfaces)))
    assert (use.mechanism.mechanism, use.mechanism.covert) == (name, False)
    assert use.surfaces == frozenset(surfaces)
    path = standard_root() / "schemas/0.1/perturbation-parameters.schema.json"
    part = json.loads(path.read_text("utf-8"))["$defs"][name]
    taken = {
        field.name: getattr(use.mechanism.parameters, field.name)
        for field in fields(use.mechanism.parameters)
    }
    assert taken == GIVEN[name]
    assert taken.keys() == part["properties"].keys()


def test_json_and_yaml_say_the_same(document: Any, tmp_path: Path) -> None:
    wanted = document("trace-withholding", {})
    for name, dump in (("a.json", json.dumps), ("a.yaml", yaml.safe_dump)):
        (tmp_path / name).write_text(dump(wanted))
        assert read_parameters(tmp_path / name) == wanted
    unquoted = yaml.safe_dump(wanted).replace("'2026-01-01T00:00:00Z'", "2026-01-01T00:00:00Z")
    (tmp_path / "b.yaml").write_text(unquoted)
    assert read_parameters(tmp_path / "b.yaml") == wanted


def test_it_says_who_enabled_which_document(document: Any, write: Write) -> None:
    entry = made(write(document("trace-withholding", {}))).enabled
    assert (entry.kind, entry.subject, entry.change) == (
        "mechanism",
        "trace-withholding",
        "enabled",
    )
    assert entry.approvals == ("enforcement-7", "inference-2")
    other = made(write(document("trace-withholding", {}, revision=2))).enabled
    assert entry.document != other.document


def test_without_a_document_it_is_the_green_list_everywhere() -> None:
    use = configured(None, lambda name: name.ljust(16).encode(), NOW)
    assert isinstance(use.mechanism, GreenListWatermark)
    assert (use.surfaces, use.until, use.enabled) == (None, None, None)


def test_the_green_list_takes_its_strength_from_a_document(document: Any, write: Write) -> None:
    budget = {
        "divergence_nats_per_response": 0.05,
        "single_response_advantage": 0.1,
        "panel": ["keyless-classifier"],
    }
    given = {"delta": 0.2, "gamma": 0.5, "context_tokens": 1}
    covert = {"class": "covert", "budget": budget, "surfaces": ["reasoning"]}
    use = made(write(document("green-list-watermark", given, **covert)))
    assert isinstance(use.mechanism, GreenListWatermark)
    assert use.mechanism.parameters.delta == 0.2


BUDGET = {"divergence_nats_per_response": 0, "single_response_advantage": 0.1, "panel": ["p"]}


@pytest.mark.parametrize(
    ("name", "given", "changes", "said"),
    [
        ("step-elision", {"share": 0, "applies_to": "every-response"}, {}, "/parameters/share"),
        ("step-elision", {"share": 0.5}, {}, "/parameters must have the members share, applies_to"),
        ("logprob-rounding", {"decimals": 7}, {}, "/parameters/decimals must fulfil maximum: 6;"),
        ("trace-summary", {"tokens_max": "9"}, {}, 'type integer; got the string "9"'),
        ("trace-withholding", {"share": 1}, {}, "/parameters"),
        ("secret-sauce", {}, {}, "/mechanism must be one of"),
        ("trace-withholding", {}, {"class": "covert", "budget": BUDGET}, "/class"),
        ("trace-withholding", {}, {"states": ["throttled", "perturbed"]}, "/states must be"),
        ("trace-withholding", {}, {"efficacy_card": None}, "/efficacy_card must be a digest"),
        ("trace-withholding", {}, {"surfaces": ["chat", "no"]}, "/surfaces/1 must be one of chat,"),
        (
            "trace-withholding",
            {},
            {"surfaces": ["reasoning"]},
            'effect; got the string "reasoning"',
        ),
        ("logprob-refusal", {}, {"surfaces": ["messages"]}, "/surfaces/0 must be one of chat"),
        ("trace-withholding", {}, {"valid_until": "2026-05-31T00:00:00Z"}, "/valid_until must be"),
        ("trace-withholding", {}, {"valid_from": "2026-06-02T00:00:00Z"}, "/valid_from must be"),
        ("trace-withholding", {}, {"approved_by": ["Ann", "ann "]}, "/approved_by must name two"),
        (
            "product-of-experts",
            {"strength": 1},
            {"class": "covert", "budget": BUDGET},
            "experimental mechanisms may be measured, not applied",
        ),
        (
            "best-of-n-selection",
            {"candidates": 2, "key_scope": "cluster"},
            {"class": "covert", "budget": BUDGET},
            "/mechanism must be one that this endpoint applies",
        ),
    ],
)
def test_what_cannot_be_applied_is_refused_with_the_place(
    name: str, given: Any, changes: Any, said: str, document: Any, write: Write
) -> None:
    path = write(document(name, given, **changes))
    with pytest.raises(ParametersError) as caught:
        made(path)
    assert str(caught.value).startswith(f"{path}: /")
    assert said in str(caught.value)
    assert "; got " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "{"),
        ("a.yaml", "- 1"),
        ("a.yaml", "{1: {2: .nan}}"),
        ("a.json", '{"a": 1, "a": 2}'),
        ("a.json", "drs_version: 0.1"),
    ],
)
def test_what_is_no_document_is_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ParametersError, match=name):
        read_parameters(tmp_path / name)
    with pytest.raises(ParametersError, match="nowhere"):
        read_parameters(tmp_path / "nowhere")


def test_every_surface_is_open_to_some_mechanism_and_none_to_one_without_effect() -> None:
    for surface in SURFACES:
        effective = {
            name
            for name, make in OVERT.items()
            if has_effect(make(GIVEN[name], bytes(16)), surface)
        }
        steps = {name for name in OVERT if not name.startswith("logprob")}
        expected = set() if surface.withholds else steps
        assert effective == expected | (OVERT.keys() - steps if surface.logprobs else set())
    assert all(isinstance(make(GIVEN[name], bytes(16)), Overt) for name, make in OVERT.items())
