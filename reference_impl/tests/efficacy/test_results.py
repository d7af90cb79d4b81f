"""From results to multipliers, table, card and picture; going on with results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from drs_reference.efficacy.card import card, slug
from drs_reference.efficacy.conditions import CONDITIONS
from drs_reference.efficacy.multiplier import multiplier, samples_needed
from drs_reference.efficacy.observers import GROUPS
from drs_reference.efficacy.picture import learning_curves
from drs_reference.efficacy.results import Results, ResultsError
from drs_reference.efficacy.table import table
from drs_reference.signing import Signer
from hypothesis import given, settings
from hypothesis import strategies as st

SETTING = {
    "recipe": {"digest": "ab" * 32},
    "samples": 4000,
    "questions": 300,
    "own_teachers": False,
}
MODEL = {"name": "a model", "digest": "sha256:" + "cd" * 32, "parameters": 5}
MODELS = {"teacher": MODEL, "student": MODEL}
UNDEFENDED = {1000: (0.2, 0.24), 2000: (0.5, 0.54), 4000: (0.96, 0.98)}


def student(condition: str, attack: str, samples: int, seed: int, score: float) -> dict[str, Any]:
    found = {"condition": condition, "attack": attack, "samples": samples, "seed": seed}
    return {**found, "share": 1.0, "score": score, "learnt": samples, "cpu_s": 1.0}


def seen(condition: str, seed: int, solved: int, keyed: bool) -> dict[str, Any]:
    totals = {"answers": 4000, "solved": solved, "traced": 3000, "traced_solved": solved - 1000}
    found: dict[str, Any] = {"condition": condition, "seed": seed, **totals}
    found |= {"traced_true": solved - 1010, "exact": 2000}
    if condition != "none":
        observers = ("keyless", "key-holder") if keyed else ("keyless",)
        told = {observer: {str(size): 0.6 for size in GROUPS} for observer in observers}
        found["auc"] = {"steps": told, "free text": told}
    return found | ({"divergence": 0.04} if keyed else {})


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Two seeds of a baseline, of a watermark that does nothing and of a surface that withholds."""
    made = Results(tmp_path / "efficacy.json", SETTING)
    for seed in (0, 1):
        made.floors[f"seed {seed}"] = {"seed": seed, "score": 0.04}
        rows = [("none", "passive", size, UNDEFENDED[size][seed]) for size in UNDEFENDED]
        rows += [
            ("green list 2", "passive", 4000, 0.97),
            ("green list 2", "paraphrase", 4000, 0.96),
        ]
        rows += [("answer only", "passive", 4000, 0.1), ("answer only", "prefill", 4000, 0.52)]
        for condition, attack, samples, score in rows:
            name = f"{condition} {attack} {samples} {seed}"
            made.students[name] = student(condition, attack, samples, seed, score)
        mark = {"z": 7.0, "p_value": 1.3e-12, "contexts": 60}
        made.students[f"green list 2 passive 4000 {seed}"]["radioactivity"] = mark
        for condition, solved in (("none", 3990), ("green list 2", 3980), ("answer only", 3985)):
            keyed = condition == "green list 2"
            made.observations[f"{condition} {seed}"] = seen(condition, seed, solved, keyed)
    return made


@settings(deadline=None)
@given(st.floats(0, 1))
def test_samples_needed_lie_within_the_curve(score: float) -> None:
    curve = [(1000, 0.2), (2000, 0.5), (4000, 0.9)]
    assert 999 < samples_needed(curve, score) < 4001


def test_samples_needed_of_what_the_curve_scores() -> None:
    curve = [(1000, 0.2), (2000, 0.5), (4000, 0.9)]
    for samples, score in curve:
        assert samples_needed(curve, score) == pytest.approx(samples)
    assert samples_needed(curve, 0.7) == pytest.approx(2000 * 2**0.5)
    assert samples_needed([(1000, 0.5), (2000, 0.4)], 0.5) == pytest.approx(1000)


def test_a_multiplier_is_the_ratio_of_samples_for_one_score() -> None:
    found = multiplier(UNDEFENDED, {4000: (0.52, 0.52)}, 300)
    assert found.estimate == pytest.approx(2)
    assert found.low < 2 < found.high
    assert not found.beyond_measured
    assert multiplier(UNDEFENDED, {4000: (0.97,)}, 300).estimate == pytest.approx(1)


def test_a_score_below_the_curve_gives_a_lower_bound() -> None:
    found = multiplier(UNDEFENDED, {4000: (0.1, 0.1)}, 300)
    assert found.beyond_measured
    assert found.estimate == pytest.approx(4)


@pytest.mark.parametrize("name", ["green list 2", "answer only"])
def test_a_card_validates_and_holds_every_run(
    results: Results, name: str, conforms: Callable[[str, Any], None]
) -> None:
    signer = Signer(bytes(32))
    document = card(results, CONDITIONS[name], MODELS, "http://127.0.0.1", signer)
    conforms("perturbation-evidence", document)
    assert document["proof"]["kid"] == signer.kid
    assert [run["seed"] for arm in document["undefended"] for run in arm["runs"]] == [0, 1] * 3
    assert document["floor"] == pytest.approx(0.04)
    picture = ElementTree.fromstring(learning_curves(document, name))
    marks = [part for part in picture.iter() if part.tag.endswith(("circle", "rect"))]
    assert len(marks) == 6 + 1 + 2 + 1


def test_a_card_says_what_was_measured(results: Results) -> None:
    mark = card(results, CONDITIONS["green list 2"], MODELS, "http://127.0.0.1", Signer(bytes(32)))
    assert mark["divergence_nats_per_response"] == pytest.approx(0.04)
    assert mark["utility_loss_points"]["estimate"] == pytest.approx(0.25)
    assert {one["share"] for one in mark["recognition"]} == {1.0}
    withheld = card(
        results, CONDITIONS["answer only"], MODELS, "http://127.0.0.1", Signer(bytes(32))
    )
    assert withheld["strongest"] == "prefill"
    assert withheld["multipliers"]["strongest"]["factor"]["estimate"] == pytest.approx(2)
    assert withheld["multipliers"]["passive"]["beyond_measured"]
    assert withheld["divergence_nats_per_response"] is None
    assert {one["observer"] for one in withheld["observers"]} == {"keyless"}
    assert withheld["recognition"] == []


def test_there_is_no_card_without_an_adaptive_student(results: Results) -> None:
    with pytest.raises(LookupError, match="no card of 'gumbel'"):
        card(results, CONDITIONS["gumbel"], MODELS, "http://127.0.0.1", Signer(bytes(32)))


def test_the_table_has_every_seed(results: Results) -> None:
    written = table(results)
    assert "0.970 (0.96 0.98)" in written
    assert "prefill 0.520 (0.52 0.52)" in written
    assert "Floor 0.04 0.04." in written


def test_results_are_gone_on_with_and_never_mixed(results: Results) -> None:
    results.write()
    again = Results.open(results.path, SETTING)
    assert again.students == results.students
    assert again.observations == results.observations
    with pytest.raises(ResultsError, match="samples 4000, now 1000"):
        Results.open(results.path, {**SETTING, "samples": 1000})
    results.path.write_text(json.dumps({"setting": SETTING}), "utf-8")
    with pytest.raises(ResultsError, match="not a table of the lab"):
        Results.open(results.path, SETTING)


def test_slugs_are_identifiers() -> None:
    slugs = [slug(name) for name in CONDITIONS]
    assert len(set(slugs)) == len(slugs)
    assert all(part.replace("-", "").replace("_", "").isalnum() for part in slugs)
