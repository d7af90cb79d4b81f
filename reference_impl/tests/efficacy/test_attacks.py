"""Attackers do to a corpus what they are named for."""

from __future__ import annotations

import pytest
from drs_reference.efficacy.attacks import ATTACKS
from drs_reference.efficacy.corpus import Response, prompts
from drs_reference.efficacy.tasks import TRACED, conclusion, joined, statements
from hypothesis import given, settings
from hypothesis import strategies as st

CLEAN = [Response(sample, sample.answer) for sample in prompts(1, 120)]
TRACES = [one for one in CLEAN if one.sample.task in TRACED]
UNHARMFUL = ("deduplicate", "filter-validity", "filter-completeness", "reorder", "pooled-vote")


@pytest.mark.parametrize("name", UNHARMFUL)
def test_a_clean_corpus_stays_as_it_is(name: str) -> None:
    assert list(ATTACKS[name].treat(CLEAN)) == CLEAN


def test_names_are_those_of_the_schema(attacks_of_the_schema: set[str]) -> None:
    assert set(ATTACKS) - {"passive"} <= attacks_of_the_schema


def test_duplicates_go_and_other_answers_stay() -> None:
    other = CLEAN[0].saying("something else")
    assert ATTACKS["deduplicate"].treat([CLEAN[0], other, CLEAN[0]]) == [CLEAN[0], other]


def test_false_steps_are_filtered() -> None:
    lie = TRACES[0].saying(TRACES[0].text.replace("=", "=9", 1))
    assert ATTACKS["filter-validity"].treat([lie, TRACES[1]]) == [TRACES[1]]


@settings(deadline=None)
@given(st.sampled_from(TRACES), st.data())
def test_incomplete_steps_are_filtered(one: Response, data: st.DataObject) -> None:
    stated = statements(one.text)
    del stated[data.draw(st.integers(0, len(stated) - 1))]
    partial = one.saying(joined(one.sample, stated))
    assert ATTACKS["filter-completeness"].treat([partial, one]) == [one]


@settings(deadline=None)
@given(st.sampled_from(TRACES))
def test_an_answer_that_stands_first_is_put_last(one: Response) -> None:
    *steps, last = statements(one.text)
    turned = one.saying(f"{last}. {', '.join(reversed(steps))}.")
    assert ATTACKS["reorder"].treat([turned]) == [one]


def test_the_majority_wins() -> None:
    wrong = TRACES[0].saying("The answer is 1000.")
    (kept,) = ATTACKS["majority-vote"].treat([wrong, TRACES[0], TRACES[0]])
    assert kept == TRACES[0]
    assert ATTACKS["majority-vote"].plan(30).prompts == 10
    assert ATTACKS["pooled-vote"].plan(30).accounts == 3


def test_a_paraphrase_is_a_right_answer_in_other_words() -> None:
    said = ATTACKS["paraphrase"].treat(CLEAN)
    assert all(one.sample.is_right(one.text) for one in said)
    changed = [a.text != b.text for a, b in zip(CLEAN, said, strict=True)]
    free = [one.sample.task not in TRACED for one in CLEAN]
    assert sum(changed) > 0.9 * sum(free)
    assert not any(c and not f for c, f in zip(changed, free, strict=True))
    broken = CLEAN[0].saying("no text of the language")
    assert ATTACKS["paraphrase"].treat([broken]) == [broken]


def test_a_vote_keeps_one_answer_of_each_question() -> None:
    kept = ATTACKS["pooled-vote"].treat([*CLEAN, *CLEAN])
    assert len(kept) == len(TRACES) + 2 * (len(CLEAN) - len(TRACES))
    assert all(conclusion(one.text) == conclusion(one.sample.answer) for one in kept)
