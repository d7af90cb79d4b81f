"""Harvesting over HTTP from the endpoint in a process of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drs_reference.efficacy import corpus
from drs_reference.efficacy.conditions import CONDITIONS
from drs_reference.efficacy.endpoint import EndpointError, serving
from drs_reference.efficacy.harvest import HarvestError, Plan, collect, harvest
from drs_reference.efficacy.tasks import TRACED, solved, statements
from drs_reference.model.decoding import SHIPPED_WEIGHTS

COUNT = 24
PLAIN = Plan(COUNT)


def harvested(condition: str, plan: Plan, folder: Path) -> list[corpus.Response]:
    path = folder / "corpus.jsonl"
    harvest(CONDITIONS[condition], 0, SHIPPED_WEIGHTS, plan, path)
    return corpus.read(path, 0)


def test_answers_come_with_their_steps_unless_they_are_withheld(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shown = harvested("none", PLAIN, tmp_path / "a")
    withheld = harvested("answer only", PLAIN, tmp_path / "b")
    assert [one.sample for one in shown] == [one.sample for one in withheld]
    traced = [i for i, one in enumerate(shown) if one.sample.task in TRACED]
    for corpus_of, least, most in ((shown, 4, 5), (withheld, 1, 1)):
        lengths = [len(statements(corpus_of[i].text)) for i in traced]
        assert all(least <= length <= most for length in lengths)
        right = [solved(corpus_of[i].sample, corpus_of[i].text) for i in traced]
        assert sum(right) >= 0.9 * len(right)


def test_accounts_under_the_measure_get_marked_text_and_plain_arithmetic(tmp_path: Path) -> None:
    plan = Plan(3 * COUNT, accounts=3)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    clean = harvested("none", plan, tmp_path / "a")
    marked = harvested("green list 2", plan, tmp_path / "b")
    assert [one.account for one in marked] == [0, 1, 2] * COUNT
    changed = {True: 0, False: 0}
    for before, after in zip(clean, marked, strict=True):
        changed[before.sample.task in TRACED] += before.text != after.text
    assert changed[False] > 0
    assert changed[True] <= 1


def test_a_harvest_is_not_made_twice(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    corpus.write(path, [(0, 0, "kept")])
    harvest(CONDITIONS["none"], 0, Path("no weights"), PLAIN, path)
    assert [one.text for one in corpus.read(path, 0)] == ["kept"]


def test_what_is_no_chat_completion_is_said() -> None:
    none = CONDITIONS["none"]
    with serving(none, 0, SHIPPED_WEIGHTS, 1) as endpoint:
        stranger = replace(endpoint, keys=("x" * 40,))
        with pytest.raises(HarvestError, match="got 401"):
            collect(stranger, corpus.prompts(0, 1), Plan(1), none)
        nowhere = replace(endpoint, url="http://127.0.0.1:1/v1/chat/completions")
    with pytest.raises(HarvestError, match="no answer from"):
        collect(nowhere, corpus.prompts(0, 1), Plan(1), none)


def test_an_endpoint_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(EndpointError, match="no weights at"),
        serving(CONDITIONS["none"], 0, tmp_path / "missing.npz", 1),
    ):
        pass
