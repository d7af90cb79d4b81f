"""What benchmarks measured stands on the pages: tables, and a picture a mutant and requirement."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from drs_conformance.specification.catalogue import load_catalogue

DOCS = Path(__file__).parents[3] / "docs"
CATALOGUE = load_catalogue()
MUTANT = "some-accounts-are-perturbed"


def cell(fails: int, undecided: int, only: tuple[str, ...] = ("STD-01", "STD-02")) -> dict:
    return {
        "only": list(only),
        "seeds": [1, 2, 3, 4],
        "requests": [10, 20, 30, 41],
        "verdicts": {"fail": 1, "pass": 3},
        "fails": {"STD-01": fails} if fails else {},
        "open": {"STD-01": undecided} if undecided else {},
    }


TABLE = {
    "command": "make bench-operating",
    "machine": "x86_64, 2 cores",
    "cells": {
        "reference": cell(0, 0, ()),
        f"{MUTANT}@weak": cell(1, 2),
        f"{MUTANT}@strong": cell(4, 0),
        "long-appeals-find-no-case@rare": cell(3, 0, ("STD-01",)),
        f"full:{MUTANT}": cell(1, 0, ()),
    },
}


@pytest.fixture(name="parts")
def _parts() -> dict[str, str]:
    from pages.operating import operating_parts

    engine = {"nights": {"whole": {"fixed": 100, "other_requests": 1}}}
    return operating_parts(TABLE, CATALOGUE, engine)


def test_a_bar_is_as_long_as_its_share(parts: dict[str, str]) -> None:
    (picture, other) = re.findall(r"<svg role=.*?</svg>", parts["operating strengths"], re.S)
    bars = re.findall(r"#share-(\w+)\)\" x=\"(\d+)\" y=\"(\d+)\" width=\"(\d+)\"", picture)
    weak = [(kind, int(width)) for kind, _, y, width in bars if y == bars[0][2]]
    strong = [(kind, int(width)) for kind, _, y, width in bars if y != bars[0][2]]
    whole = sum(width for _, width in weak)
    assert weak == [("fail", whole // 4), ("open", whole // 2), ("pass", whole // 4)]
    assert strong == [("fail", whole)]
    assert "weak: 1 of 4 fail, 2 open; strong: 4 of 4 fail." in picture
    assert "strong: 0 of 4 fail." in other


def test_each_cell_is_told_of(parts: dict[str, str]) -> None:
    assert parts["operating reference"].startswith("4 runs: 1 fail, 3 pass. 25 requests on av")
    assert "would send 101, 4.0 times as many" in parts["operating reference"]
    assert "[STD-01](../standard/05-good-standing.md#STD-01)" in parts["operating full"]
    assert "[operating.json](operating.json), each with its commit" in parts["operating origin"]
    assert "`long-appeals-find-no-case`" in parts["operating few"]
    assert "3 of 4" in parts["operating few"]
    assert parts["operating strengths"].count("long-appeals") == 0


def test_a_requirement_that_was_withdrawn_since_is_no_link() -> None:
    from pages.measurements import measured_link

    assert measured_link(CATALOGUE, "STD-99") == "STD-99"


PERTURBATION: dict[str, Any] = {
    "command": "make bench-perturbation",
    "commit": "abcdef0",
    "machine": "one core",
    "budgets": [
        {
            "mechanism": "gumbel-watermark",
            "declared": {
                "divergence_nats_per_response": 0,
                "single_response_advantage": 0.5,
                "panel": ["keyless-classifier"],
            },
            **{
                view: {kind: {"mean": 1.25, "error": 0.5} for kind in ("exact", "sampled")}
                for view in ("one key", "over keys")
            },
            **{
                observer: {"advantage": {"mean": 0.5, "error": 0.125}, "auc": {"1": 0.75}}
                for observer in ("key-holder", "keyless, one key", "keyless, over keys")
            },
        }
    ],
    "invariants": [
        {
            "mechanism": "gumbel-watermark",
            "responses": 1000,
            "changed": dict.fromkeys(
                ("facts", "code", "JSON", "arguments", "refusals", "numbers"), 3
            ),
            "right": {"code": {"asked": 200, "clean": 100, "perturbed": 90}},
        }
    ],
    "votes": [{"mechanism": "gumbel-watermark", "prompts": 8, "single": 0.5, "voted": 0.75}],
}


def test_the_costs_of_perturbation_become_tables() -> None:
    from pages.perturbation import perturbation_parts

    parts = perturbation_parts(PERTURBATION)
    assert "| over keys | 0 | 1.2500 ± 0.5000 |" in parts["perturbation budgets"]
    # The key holder is not of the panel, so nothing is declared of it.
    assert "| key-holder |  | 0.500 ± 0.125 | 0.750 |" in parts["perturbation observers"]
    assert "| keyless, one key | 0.5 |" in parts["perturbation observers"]
    assert "| 45.0% of 50.0% | 5.00 |" in parts["perturbation utility"]
    assert "| 1,000 | 3 |" in parts["perturbation invariants"]
    assert "| 8 | 0.500 | 0.750 |" in parts["perturbation votes"]
    page = (DOCS / "measurements" / "perturbation.md").read_text("utf-8")
    assert re.findall(r"<!-- generated: (.*?) -->", page) == list(parts)
    assert perturbation_parts(None) == {}


@pytest.mark.parametrize("name", ["decision_engine", "operating"])
def test_a_page_asks_for_every_part(name: str) -> None:
    from pages.measurements import decision_engine_parts
    from pages.operating import operating_parts

    make = {"decision_engine": decision_engine_parts, "operating": operating_parts}[name]
    path = DOCS / "measurements" / f"{name}.json"
    document = json.loads(path.read_text("utf-8")) if path.is_file() else TABLE
    asked = re.findall(r"<!-- generated: (.*?) -->", (path.with_suffix(".md")).read_text("utf-8"))
    assert asked == list(make(document, CATALOGUE))
    assert make(None, CATALOGUE) == {}


def test_the_page_on_provenance_asks_for_every_part() -> None:
    from pages.provenance import provenance_parts

    shares = dict.fromkeys(("0.5", "0.1", "0.01", "0.001", "1e-06"), 2)
    tried = {"trials": 20, "at_most": shares, "excluded": dict.fromkeys(shares, 0.3)}
    found = {"corpora": 4, "recognised": {"0.001": 3, "1e-06": 1}, "median_p": 2e-5}
    document = {name: TABLE[name] for name in ("command", "machine")} | {
        "clean": {"gumbel": {"corpora": 5, **tried, "kinds": {"copies": tried}}},
        "clean_students": {"gumbel, outputs": {"students": 6, **tried}},
        "own": {"gumbel": {"100": found}},
        "marked_students": {"gumbel, outputs": found},
    }
    parts = provenance_parts(document)
    page = (DOCS / "measurements" / "provenance.md").read_text("utf-8")
    assert re.findall(r"<!-- generated: (.*?) -->", page) == list(parts)
    assert "| gumbel | 5 | 20 | 0.1000 | 0.1000 |" in parts["provenance clean"]
    assert "| gumbel | 100 | 4 | 75% | 25% | 2e-05 |" in parts["provenance own"]
    assert provenance_parts(None) == {}


def test_what_was_not_measured_is_said() -> None:
    from generate import _filled

    text = "# Page\n\n<!-- generated: operating full -->\n\n<!-- generated: verdict -->\n"
    assert _filled(text, {"verdict": "picture\n"}) == "# Page\n\nNot measured yet.\n\npicture\n"
