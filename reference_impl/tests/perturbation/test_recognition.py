"""Recognition of every keyed mark: one's own corpora are found, and no others, at the rate said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from drs_reference.gateway.sampling import Generation, Sampling
from drs_reference.model import LanguageModel
from drs_reference.perturbation.green_list import GreenListParameters, GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelParameters, GumbelWatermark
from drs_reference.perturbation.provenance import Mark, Sample, evidence, p_value, recognise, tail
from drs_reference.perturbation.tournament import TournamentParameters, TournamentWatermark
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = b"0123456789abcdef"
MARKS: dict[str, Any] = {
    "green-list": GreenListWatermark(KEY, GreenListParameters(delta=2.0, gamma=0.25)),
    "gumbel": GumbelWatermark(KEY, GumbelParameters(context_tokens=6, key_scope="provider")),
    "tournament": TournamentWatermark(KEY, TournamentParameters(layers=4, context_tokens=4)),
}
SUBJECTS = ("fox", "king", "robot", "horse", "girl", "bear", "dog", "boy")


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


@cache
def answers(name: str | None, count: int) -> Sequence[Sample]:
    model, made = LanguageModel.load(), []
    for number in range(count):
        messages = [("user", f"Tell me a story about a {SUBJECTS[number % len(SUBJECTS)]}.")]
        options: dict[str, Any] = {}
        sampling = Sampling(max_tokens=60, seed=number)
        if name is not None:
            applied = MARKS[name].answering(messages, sampling)
            options = {"perturb": applied.step, "draw": applied.draw}
        generation = Generation(model, messages, sampling, **options)
        made.append((messages, "".join(part.text for part in generation.emissions())))
    return made


@pytest.mark.parametrize("name", MARKS)
def test_a_marked_corpus_is_recognised_by_its_key_alone(name: str, model: LanguageModel) -> None:
    mark = MARKS[name]
    own = mark.scoped_key("")
    assert recognise(model, mark, answers(name, 60)).p_value < 1e-3
    found = evidence(model, mark, answers(name, 60))
    among = recognise(model, mark, answers(name, 60), [key(1), own, key(2)])
    assert among.p_value == pytest.approx(3 * p_value(found, mark, own))
    assert p_value(found, mark, key(1)) > 1e-3


@pytest.mark.parametrize("name", MARKS)
def test_false_claims_stay_below_their_rate(name: str, model: LanguageModel) -> None:
    """300 random keys for one clean corpus with copies, among them texts that are not answers."""
    mark: Mark = MARKS[name]
    texts = [*answers(None, 6), *answers(None, 6)[:3] * 5, ([], "Nobody wrote this, I think!")]
    found = evidence(model, mark, texts)
    assert found.samples_used >= 12
    values = np.array([p_value(found, mark, key(i)) for i in range(300)])
    for level in (0.01, 0.05, 0.2, 0.5):
        # Five standard deviations of a fair count.
        assert (values <= level).mean() <= level + 5 * (level * (1 - level) / 300) ** 0.5
    assert (values < 0.9).any(), "a bound of 1 would be valid and worth nothing"


@pytest.mark.parametrize("name", MARKS)
def test_scores_have_the_law_that_the_bound_takes_for_granted(name: str) -> None:
    """Mean 0, and the stated expectation of exp(x score), over many contexts."""
    mark: Mark = MARKS[name]
    scores = np.concatenate([mark.scores(KEY, (i,), 400).ravel() for i in range(100)])
    assert abs(scores.mean()) < 5 * scores.std() / len(scores) ** 0.5
    for x in (-1.0, 0.2, 0.4):
        values = np.exp(x * scores)
        expected = np.exp(mark.log_mgf(np.array([x]))[0])
        assert abs(values.mean() - expected) < 5 * values.std() / len(scores) ** 0.5


@given(
    st.lists(st.floats(-3, 3).filter(lambda w: abs(w) > 0.01), min_size=1, max_size=10),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_the_bound_lies_above_the_exact_tail_for_any_weights(
    weights: list[float], data: st.DataObject
) -> None:
    """All assignments of coins, counted."""
    size = len(weights)
    place = data.draw(st.integers(0, 2**size - 1))
    coins = (np.arange(2**size)[:, None] >> np.arange(size) & 1) - 0.5
    sums = coins @ np.array(weights)
    exact = (sums >= sums[place] - 1e-9).mean()
    assert tail(np.array(weights), coins[place], MARKS["tournament"].log_mgf) >= exact - 1e-9


def test_one_exponential_score_has_its_exact_tail_below_the_bound() -> None:
    for excess in (0.5, 2.0, 8.0):
        bound = tail(np.ones(1), np.array([excess]), MARKS["gumbel"].log_mgf)
        # Chernoff for one exponential: exp(-excess) (1 + excess), written out.
        assert bound == pytest.approx(np.exp(-excess) * (1 + excess), rel=1e-3)
        assert bound > np.exp(-excess - 1)


def test_copies_are_hardly_more_evidence_than_one_where_the_key_decides(
    model: LanguageModel,
) -> None:
    mark, own = MARKS["gumbel"], list(answers("gumbel", 1))
    one, many = (recognise(model, mark, own * copies).p_value for copies in (1, 200))
    assert many > one**3


def test_a_narrow_scope_asks_which_keys_come_in_question(model: LanguageModel) -> None:
    with pytest.raises(ValueError, match="keys of scope tenant"):
        recognise(model, GumbelWatermark(KEY), answers(None, 1))
    assert recognise(model, GumbelWatermark(KEY), [], [KEY]).p_value == 1
