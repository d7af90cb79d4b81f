"""The network answers held-out prompts of its language, and leaves open what the language does."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from drs_reference.model import LanguageModel, log_softmax
from drs_reference.model.language import (
    FREE_TEXT_TASKS,
    TASKS,
    Sample,
    draw_conversation,
    draw_sample,
    is_held_out,
)


def answer(model: LanguageModel, sample: Sample, rng: np.random.Generator | None) -> str:
    """The greedy answer, or one at T=1 with ``rng``."""
    decoding = model.start(sample.messages)
    text = ""
    for _ in range(110):
        logits = decoding.logits()
        if rng is None:
            token = int(logits.argmax())
        else:
            noise = rng.gumbel(size=logits.size)
            token = int((logits + noise).argmax())
        if token == model.end:
            break
        text += model.tokenizer.token_text(token)
        decoding.push(token)
    return text


@pytest.mark.parametrize("task", TASKS)
def test_a_drawn_answer_is_right_and_an_altered_one_is_not(task: str) -> None:
    rng = Random(task)
    for _ in range(50):
        sample = draw_sample(rng, task)
        assert sample.is_right(sample.answer)
        assert not sample.is_right(sample.answer + " ")
        assert not is_held_out(sample)


def test_training_never_sees_held_out_answers() -> None:
    rng = Random(3)
    assert all(not is_held_out(sample) for _ in range(500) for sample in draw_conversation(rng))
    assert all(is_held_out(draw_sample(rng, "addition", held_out=True)) for _ in range(50))


# The bars lie under the figures of training/README.md, measured on 300 prompts a task.
@pytest.mark.parametrize(
    ("task", "count", "bar"),
    [
        ("addition", 100, 0.95),
        ("extraction", 80, 0.9),
        ("tool_call", 40, 0.9),
        ("tool_result", 40, 0.9),
        ("chain", 60, 0.9),
        ("shift", 60, 0.9),
        ("code", 40, 0.9),
        ("story", 20, 0.9),
        ("explanation", 20, 0.9),
        ("small_talk", 20, 0.9),
    ],
)
def test_greedy_answers_to_held_out_prompts_are_right(
    model: LanguageModel, task: str, count: int, bar: float
) -> None:
    rng = Random(f"greedy {task}")
    samples = [draw_sample(rng, task, held_out=True) for _ in range(count)]
    right = sum(sample.is_right(answer(model, sample, None)) for sample in samples)
    assert right / count >= bar


@pytest.mark.parametrize("task", FREE_TEXT_TASKS)
def test_free_text_keeps_its_entropy(model: LanguageModel, task: str) -> None:
    prompts, rng = Random(task), np.random.default_rng(0)
    samples = [draw_sample(prompts, task) for _ in range(20)]
    texts = {answer(model, sample, rng) for sample in samples}
    assert len(texts) == len(samples)
    surprise = [-log_probability(model, sample) for sample in samples]
    assert np.mean(surprise) == pytest.approx(samples[0].accepted.entropy, rel=0.25)
    assert samples[0].accepted.entropy > 8


def log_probability(model: LanguageModel, sample: Sample) -> float:
    """Log-probability of the sample's own answer, in nats."""
    decoding = model.start(sample.messages)
    total = 0.0
    for token in [*model.tokenizer.encode(sample.answer), model.end]:
        total += float(log_softmax(decoding.logits())[token])
        decoding.push(token)
    return total
