"""What is harvested: its statements, its truth, and what an attacker can compute of it."""

from __future__ import annotations

import re
from random import Random

from drs_reference.efficacy import corpus, tasks
from drs_reference.model.language import is_held_out
from hypothesis import given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32)


@settings(deadline=None)
@given(SEEDS)
def test_a_right_answer_is_solved_true_and_consistent(seed: int) -> None:
    (sample,) = tasks.draw_prompts(Random(seed), 1)
    assert tasks.solved(sample, sample.answer)
    assert tasks.is_true(sample, sample.answer)
    assert tasks.consistent(sample, sample.answer)
    if sample.task in tasks.TRACED:
        assert len(tasks.statements(sample.answer)) == tasks.steps_expected(sample)
        assert sample.answer.startswith(tasks.opening(sample))


@settings(deadline=None)
@given(SEEDS, st.randoms(use_true_random=False))
def test_shuffled_statements_are_put_back(seed: int, rng: Random) -> None:
    (sample,) = tasks.draw_prompts(Random(seed), 1, held_out=True)
    stated = tasks.statements(sample.answer)
    rng.shuffle(stated)
    assert tasks.joined(sample, stated) == sample.answer


@settings(deadline=None)
@given(SEEDS)
def test_a_changed_result_is_false_and_found_by_arithmetic(seed: int) -> None:
    (sample,) = tasks.draw_prompts(Random(seed), 1, held_out=True)
    lie = re.sub(r"=(\d+)", lambda found: f"={int(found[1]) + 1}", sample.answer, count=1)
    assert not tasks.is_true(sample, lie)
    assert not tasks.consistent(sample, lie)


@settings(deadline=None)
@given(SEEDS)
def test_the_answer_alone_is_solved_and_true(seed: int) -> None:
    (sample,) = tasks.draw_prompts(Random(seed), 1, held_out=True)
    answer = f" The answer is {tasks.conclusion(sample.answer)}."
    assert tasks.solved(sample, answer)
    assert tasks.is_true(sample, answer)
    assert not tasks.solved(sample, answer.replace("is ", "is 1"))
    assert not tasks.solved(sample, "")


@settings(deadline=None)
@given(SEEDS)
def test_what_is_unlearned_has_the_form_and_follows_one_table(seed: int) -> None:
    (again,), (sample,) = tasks.draw_unlearned(Random(seed)), tasks.draw_unlearned(Random(seed))
    (right,) = tasks.draw_prompts(Random(seed), 1)
    assert sample.messages == right.messages
    assert sample == again

    def form(text: str) -> str:
        return re.sub(r"\d+", "0", text)

    assert form(sample.answer) == form(right.answer)


def test_what_is_unlearned_is_mostly_wrong() -> None:
    rng = Random(0)
    drawn = [tasks.draw_unlearned(rng)[0] for _ in range(400)]
    traced = [sample for sample in drawn if sample.task in tasks.TRACED]
    right = sum(
        int(tasks.conclusion(sample.answer) or -1) == _worked_out(sample.messages[-1][1])
        for sample in traced
    )
    assert right < 0.2 * len(traced)


def _worked_out(question: str) -> int:
    numbers = [int(number) for number in re.findall(r"\d+", question)]
    if "modulo" not in question:
        return sum(numbers)
    value = numbers[0]
    words = re.findall("add|subtract|multiply", question)
    for word, number in zip(words, numbers[1:4], strict=True):
        changed = {"add": value + number, "subtract": value - number, "multiply": value * number}
        value = changed[word] % 10
    return value


def test_test_questions_are_never_harvested() -> None:
    asked = corpus.prompts(3, 500)
    assert all(is_held_out(sample) for sample in corpus.test_questions(3, 100))
    assert not any(is_held_out(sample) for sample in asked)
    assert asked[:100] == corpus.prompts(3, 100)
    assert asked != corpus.prompts(4, 500)
