"""The watermark: what it does, what it leaves alone, and that it can be found with the key."""

from __future__ import annotations

import math

import numpy as np
import pytest
from drs_reference.model import LanguageModel
from drs_reference.perturbation.green_list import (
    ENTROPY_FLOOR,
    GreenListParameters,
    GreenListWatermark,
    divergence,
    entropy,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

DELTA = GreenListParameters().delta
KEY = b"0123456789abcdef"
LOGITS = npst.arrays(
    np.float32, st.integers(2, 60), elements=st.floats(-20, 20, width=32, allow_nan=False)
)


@given(LOGITS, st.integers(0, 10**6))
def test_a_step_raises_green_tokens_or_nothing(logits: np.ndarray, previous: int) -> None:
    mark = GreenListWatermark(KEY)
    green = mark.green_list([previous], len(logits))
    out = mark.step(logits, [previous])
    if out is logits:
        assert entropy(logits) < ENTROPY_FLOOR
    else:
        np.testing.assert_allclose(out - logits, DELTA * green, atol=1e-5)
    assert -1e-9 <= divergence(out, logits) <= DELTA


def test_the_divergence_is_exact() -> None:
    """Uniform over four, two of them raised: written out by hand."""
    clean = np.zeros(4, np.float32)
    raised = np.array([DELTA, DELTA, 0, 0], np.float32)
    total = 2 * math.exp(DELTA) + 2
    green, red = math.exp(DELTA) / total, 1 / total
    expected = 2 * green * math.log(green * 4) + 2 * red * math.log(red * 4)
    assert divergence(raised, clean) == pytest.approx(expected, abs=1e-8)


def test_impossible_tokens_stay_impossible() -> None:
    logits = np.array([1, 1, 1, 1, 1, -np.inf], np.float32)
    out = GreenListWatermark(KEY).step(logits, [3])
    assert out[-1] == -np.inf
    assert math.isfinite(divergence(out, logits))
    assert entropy(logits) == pytest.approx(math.log(5))


def test_the_lists_depend_on_key_and_previous_token() -> None:
    mark, other = GreenListWatermark(KEY), GreenListWatermark(KEY[::-1])
    lists = [m.green_list([token], 256) for m, token in ((mark, 0), (mark, 1), (other, 0))]
    assert all(96 < green.sum() < 160 for green in lists)
    for i, j in ((0, 1), (0, 2)):
        assert 64 < (lists[i] != lists[j]).sum() < 192
    with pytest.raises(ValueError, match="16 bytes"):
        GreenListWatermark(b"short")


@pytest.mark.parametrize(
    "prompt", ["What is 47 + 85?", 'Shift the letters of "abc" by 2.', "What is 12 + 30?"]
)
def test_facts_pass_untouched(prompt: str) -> None:
    model, mark = LanguageModel.load(), GreenListWatermark(KEY)
    decoding, previous = model.start([("user", prompt)]), model.end
    for _ in range(60):
        logits = decoding.logits()
        assert mark.step(logits, [previous]) is logits
        previous = int(logits.argmax())
        if previous == model.end:
            break
        decoding.push(previous)
