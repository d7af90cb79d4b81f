"""Decoding is exact, deterministic, independent between sequences and never runs out of context."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from drs_reference.model import Decoding, LanguageModel, log_softmax
from drs_reference.model.prompt import render
from drs_reference.model.tokenizer import SPECIALS
from hypothesis import given, settings
from hypothesis import strategies as st

CONTEXT = LanguageModel.load().context


def greedy(decoding: Decoding, steps: int) -> list[int]:
    """The next ``steps`` likeliest tokens, pushed."""
    tokens = []
    for _ in range(steps):
        tokens.append(int(decoding.logits().argmax()))
        decoding.push(tokens[-1])
    return tokens


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_incremental_logits_equal_a_full_forward(data: st.DataObject, model: LanguageModel) -> None:
    tokens = data.draw(
        st.lists(st.integers(0, len(model.tokenizer.vocabulary) - 1), min_size=2, max_size=CONTEXT)
    )
    _, full = model.network.prefill(tokens)
    cache, first = model.network.prefill(tokens[:1])
    rows = [first[0], *(model.network.step(cache, token) for token in tokens[1:])]
    np.testing.assert_allclose(rows, full, rtol=1e-3, atol=1e-3)


def test_decoding_follows_the_network(model: LanguageModel) -> None:
    messages = [("system", "Be brief."), ("user", "Add 12 and 39.")]
    decoding = model.start(messages)
    tokens = greedy(decoding, 12)
    prompt = render(model.tokenizer, messages)
    _, full = model.network.prefill(prompt + tokens)
    visible = [0, *range(len(SPECIALS), len(model.tokenizer.vocabulary))]
    np.testing.assert_allclose(decoding.logits()[visible], full[-1][visible], atol=1e-3)
    assert decoding.prompt_tokens == len(prompt)


def test_only_end_and_text_can_be_generated(model: LanguageModel) -> None:
    logits = model.start([("user", "Hello!")]).logits()
    assert logits.dtype == np.float32
    assert logits.shape == (len(model.tokenizer.vocabulary),)
    impossible = np.flatnonzero(np.isneginf(logits))
    assert [model.tokenizer.vocabulary[i] for i in impossible] == list(SPECIALS[1:])
    assert np.isfinite(np.delete(logits, impossible)).all()


def test_same_input_same_bits_whatever_ran_before(model: LanguageModel) -> None:
    def bits(prompt: str) -> bytes:
        decoding = model.start([("user", prompt)])
        greedy(decoding, 40)
        return decoding.logits().tobytes()

    prompts = [f"Tell me {n} things{' and more' * n}" for n in range(12)]
    before = [bits(prompt) for prompt in prompts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(bits, prompts)) == before
    assert [bits(prompt) for prompt in reversed(prompts)] == before[::-1]
    assert LanguageModel.load().start([("user", "x")]).logits().tobytes() == (
        model.start([("user", "x")]).logits().tobytes()
    )


def test_forks_do_not_disturb_each_other(model: LanguageModel) -> None:
    parent = model.start([("user", "Tell me a story about a fox.")])
    greedy(parent, 5)
    expected = greedy(parent.fork(), 30)
    a, b = parent.fork(), parent.fork()
    here = parent.logits()
    a.push(20)
    greedy(b, 3)
    greedy(a, 70)
    np.testing.assert_array_equal(parent.logits(), here)
    assert greedy(b, 27) == expected[3:]
    assert greedy(parent, 30) == expected


def test_returned_logits_are_the_callers(model: LanguageModel) -> None:
    decoding = model.start([("user", "Hello!")])
    before = decoding.logits()
    decoding.logits()[:] = 0
    np.testing.assert_array_equal(decoding.logits(), before)


def test_generation_goes_on_past_the_context(model: LanguageModel) -> None:
    decoding = model.start([("user", "Hello!")])
    for token in range(10, 10 + 3 * CONTEXT):
        decoding.push(token % len(model.tokenizer.vocabulary))
        assert np.isfinite(decoding.logits()[model.end])


def test_slide_keeps_the_last_half_of_the_window(model: LanguageModel) -> None:
    decoding = model.start([("user", "Hello!")])
    history = render(model.tokenizer, [("user", "Hello!")])
    while len(history) <= CONTEXT:
        history.append(20 + len(history) % 50)
        decoding.push(history[-1])
    _, full = model.network.prefill(history[-(CONTEXT // 2) :])
    np.testing.assert_array_equal(decoding.logits()[20:], full[-1][20:])


@pytest.mark.parametrize("length", [0, 1, CONTEXT - 2, CONTEXT - 1, CONTEXT, 20_000])
def test_a_prompt_of_any_length_is_taken(model: LanguageModel, length: int) -> None:
    decoding = model.start([("user", "7" * length)])
    assert decoding.prompt_tokens == length + 2
    greedy(decoding, 3)


def test_end_of_a_long_prompt_counts(model: LanguageModel) -> None:
    filler = "the rain in the city " * 50
    decoding = model.start([("user", filler), ("assistant", "Good."), ("user", "Add 21 and 34.")])
    assert model.tokenizer.decode(greedy(decoding, 60)).startswith("Ones: 1+4=5")


def test_strange_requests_are_refused_clearly(model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="developer"):
        model.start([("developer", "x")])
    decoding = model.start([])
    for token in (-1, len(model.tokenizer.vocabulary)):
        with pytest.raises(ValueError, match="token"):
            decoding.push(token)


def test_log_softmax_is_a_distribution(model: LanguageModel) -> None:
    log_p = log_softmax(model.start([("user", "Hello!")]).logits())
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-5)
    assert np.isneginf(log_p[1])
