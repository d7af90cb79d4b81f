"""Observers, and whether a student bears a mark, without torch: students are made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import cast

import numpy as np
import pytest
from drs_reference.efficacy import observers, radioactivity
from drs_reference.efficacy.conditions import CONDITIONS, NONE, key_of, suspected
from drs_reference.efficacy.corpus import Response, prompts
from drs_reference.efficacy.tasks import TRACED
from drs_reference.gateway.sampling import Choice, Logits, Sampling, drawn, log_probabilities
from drs_reference.model import LanguageModel
from drs_reference.model.language import draw_sample
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.green_list import GreenListParameters, GreenListWatermark
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

ACCOUNT = suspected("harvester")
SCORES = npst.arrays(np.float64, st.integers(1, 40), elements=st.integers(-5, 5).map(float))


def answers(
    model: LanguageModel, mark: GreenListWatermark | None, seed: int, count: int
) -> list[Response]:
    """Stories at temperature 1, with a mark or without."""
    rng, found = Random(seed), []
    for number in range(count):
        sample = draw_sample(rng, "story")
        applied = Applied(Sampling(seed=1000 * seed + number, max_tokens=80))
        if mark is not None:
            applied = Applied(applied.sampling, mark.step)
        choice = Choice(
            0, model.start(sample.messages), model, applied.sampling, 0, applied.step, applied.draw
        )
        text = ""
        while not choice.done:
            text += choice.advance().text
        found.append(Response(sample, text))
    return found


@settings(deadline=None)
@given(SCORES, SCORES)
def test_the_auc_counts_pairs(negative: np.ndarray, positive: np.ndarray) -> None:
    pairs = np.sign(positive[:, None] - negative[None, :])
    assert observers.auc(negative, positive) == pytest.approx((pairs.mean() + 1) / 2)


def test_more_responses_tell_more() -> None:
    random = np.random.default_rng(0)
    clean, perturbed = random.normal(0, 1, 400), random.normal(0.3, 1, 400)
    found = [observers.auc_of_groups(clean, perturbed, size) for size in observers.GROUPS]
    assert found == sorted(found)
    assert 0.5 < found[0] < 0.7
    assert found[-1] > 0.99


def test_both_observers_see_a_strong_mark_and_nothing_where_nothing_is(
    model: LanguageModel,
) -> None:
    mark = GreenListWatermark(key_of("test", 0), GreenListParameters(delta=3))
    clean, marked = answers(model, None, 1, 50), answers(model, mark, 2, 50)
    more = answers(model, None, 3, 50)

    def told(one: list[Response], other: list[Response]) -> tuple[float, float]:
        keyed = [observers.key_holder(model, mark, ACCOUNT, part) for part in (one, other)]
        return observers.auc(*keyed), observers.auc(*observers.keyless(one, other))

    key_holder, keyless = told(clean, marked)
    assert key_holder > 0.85
    assert 0.65 < keyless <= 1
    key_holder, keyless = told(clean, more)
    assert 0.25 < key_holder < 0.75
    assert 0.2 < keyless < 0.8


def test_the_divergence_is_the_mean_log_likelihood_ratio(model: LanguageModel) -> None:
    """The exact computation and the Monte-Carlo estimate over the same answers agree."""
    mark = GreenListWatermark(key_of("test", 0), GreenListParameters(delta=1))
    marked = answers(model, mark, 4, 60)
    exact = observers.divergence(model, mark, ACCOUNT, marked)
    ratios = observers.key_holder(model, mark, ACCOUNT, marked)
    assert exact is not None
    assert abs(exact - ratios.mean()) < 4 * ratios.std() / np.sqrt(len(ratios))
    assert exact > 0.1


def test_a_draw_of_its_own_is_known_by_its_frequencies() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.2], np.float32))

    def always_last(law: np.ndarray, before: Sequence[int], random: np.random.Generator) -> int:
        return len(law) - 1

    q = np.exp(observers.law(Applied(Sampling(), draw=always_last), logits, [0]))
    assert q.sum() == pytest.approx(1)
    assert q[2] > 0.9
    same = observers.law(Applied(Sampling(), draw=drawn), logits, [0])
    np.testing.assert_allclose(same, log_probabilities(logits))


class Follows:
    """A student whose law is that of the teacher, a share of it marked."""

    def __init__(self, model: LanguageModel, mark: GreenListWatermark, share: float) -> None:
        self.model, self.mark, self.share = model, mark, share

    def follow(self, messages: Sequence[tuple[str, str]], answer: str) -> tuple[list[int], Logits]:
        tokens, logits = self.model.follow(messages, answer)
        laws = []
        for place, row in enumerate(logits):
            before = [self.model.end, *tokens[:place]]
            p, q = (np.exp(log_probabilities(r)) for r in (row, self.mark.step(row, before)))
            with np.errstate(divide="ignore"):
                laws.append(np.log((1 - self.share) * p + self.share * q))
        return tokens, np.array(laws, np.float32)


@pytest.mark.parametrize(("share", "least", "most"), [(1.0, 4, 99), (0.0, -3, 3)])
def test_a_student_bears_the_mark_that_it_learnt_and_no_other(
    model: LanguageModel, share: float, least: float, most: float
) -> None:
    def made(key: bytes) -> GreenListWatermark:
        return GreenListWatermark(key, GreenListParameters(delta=1))

    key, other = key_of("test", 0), key_of("test", 1)
    student = cast(LanguageModel, Follows(model, made(key), share))
    found = radioactivity.places(model, student, 0)
    borne = radioactivity.measure(found, made, key, ACCOUNT, others=40)
    assert least <= borne.z <= most
    stranger = radioactivity.measure(found, made, other, ACCOUNT, others=40)
    assert abs(stranger.z) < 3.5
    assert stranger.p_value > 1e-4


def test_every_condition_makes_what_it_names() -> None:
    for condition in CONDITIONS.values():
        made = condition.perturbation(key_of(condition.name, 0))
        # A surface that withholds has no mechanism beside it.
        named = NONE if condition.withholds else condition.mechanism or NONE
        assert made.mechanism == named


def test_traces_pass_a_watermark_untouched(model: LanguageModel) -> None:
    """What has one right answer leaves no choice, so the key holder sees nothing there."""
    traced = [Response(one, one.answer) for one in prompts(0, 60) if one.task in TRACED]
    mark = GreenListWatermark(key_of("test", 0), GreenListParameters(delta=2))
    ratios = observers.key_holder(model, mark, ACCOUNT, traced)
    assert np.mean(np.abs(ratios) < 1e-6) > 0.9
