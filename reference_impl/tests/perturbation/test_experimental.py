"""Antidistillation and products of experts, as the laboratory uses them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from drs_reference.gateway.sampling import Generation, Logits, Model, Sampling, log_probabilities
from drs_reference.model import LanguageModel
from drs_reference.perturbation.antidistillation import Antidistillation, AntidistillationParameters
from drs_reference.perturbation.companion import Companion
from drs_reference.perturbation.product_of_experts import ProductOfExperts, ProductParameters
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

ROWS = npst.arrays(np.float32, 12, elements=st.floats(-8, 8, width=32))
EVEN = np.zeros(12, np.float32)


class Fixed:
    """A model that says the same at every place."""

    end = 0

    def __init__(self, row: Logits) -> None:
        self.row = row
        self.prompt_tokens = 1

    @property
    def tokenizer(self) -> object:
        raise NotImplementedError

    def start(self, messages: Sequence[tuple[str, str]]) -> Fixed:
        return self

    def logits(self) -> Logits:
        return self.row.copy()

    def push(self, token: int) -> None:
        pass

    def fork(self) -> Fixed:
        return self


def fixed(row: Logits) -> Model:
    return Fixed(row)  # type: ignore[return-value]


@given(ROWS, ROWS, st.floats(0.1, 2))
@settings(deadline=None)
def test_a_product_is_the_normalised_product(row: Logits, second: Logits, strength: float) -> None:
    mark = ProductOfExperts(fixed(second), ProductParameters(strength), entropy_floor=0)
    found = np.exp(log_probabilities(mark.answering([], Sampling()).step(row, [0])))
    product = np.exp(log_probabilities(row)) * np.exp(strength * log_probabilities(second))
    np.testing.assert_allclose(found, product / product.sum(), atol=1e-5)


@given(ROWS, ROWS, ROWS, st.sampled_from((0.0, 0.01, 0.5)))
@settings(deadline=None)
def test_what_is_learnt_is_said_less_and_nothing_implausible(
    row: Logits, student: Logits, taught: Logits, floor: float
) -> None:
    parameters = AntidistillationParameters(strength=0.5, plausibility_floor=floor)
    mark = Antidistillation(fixed(student), fixed(taught), parameters, entropy_floor=0)
    found = mark.answering([], Sampling()).step(row, [0])
    learnt = log_probabilities(taught) - log_probabilities(student)
    law = np.exp(row.astype(np.float64) - row.max())
    plausible = np.isfinite(found)
    np.testing.assert_allclose(found[plausible], (row - 0.5 * learnt)[plausible], atol=1e-4)
    np.testing.assert_array_equal(
        plausible[np.abs(law - floor) > 1e-6], (law > floor)[np.abs(law - floor) > 1e-6]
    )


def test_positions_without_entropy_pass_untouched() -> None:
    sure = np.array([9, *[0] * 11], np.float32)
    for mark in (
        ProductOfExperts(fixed(EVEN)),
        Antidistillation(fixed(EVEN), fixed(sure)),
    ):
        step = mark.answering([], Sampling()).step
        assert step(sure, [0]) is sure
        assert step(EVEN, [0]) is not EVEN


def test_a_companion_follows_choices_in_any_order(model: LanguageModel) -> None:
    messages = [("user", "Tell me a story about a fox.")]
    companion = Companion(model, messages)
    prompted = model.start(messages)
    for said in ([], [20], [30], [20, 40], [30, 50], [20, 40, 60], [20, 41], [], [30, 50]):
        decoding = prompted.fork()
        for token in said:
            decoding.push(token)
        np.testing.assert_array_equal(
            companion.log_probabilities([model.end, *said]), log_probabilities(decoding.logits())
        )


@pytest.mark.parametrize("choices", [1, 3])
def test_a_model_that_is_its_own_proxy_changes_nothing(model: LanguageModel, choices: int) -> None:
    """Nothing is learnt between a student and itself, so each choice stays what it was."""
    messages, sampling = [("user", "Explain rain.")], Sampling(seed=1, max_tokens=40)
    parameters = AntidistillationParameters(plausibility_floor=0)
    applied = Antidistillation(model, model, parameters).answering(messages, sampling)

    def text(**options: object) -> list[tuple[int, str]]:
        made = Generation(model, messages, sampling, choices=choices, **options)  # type: ignore[arg-type]
        return [(part.choice, part.text) for part in made.emissions()]

    assert text(perturb=applied.step) == text()
