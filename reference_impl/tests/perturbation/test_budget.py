"""Budgets: two ways to the same figure, and within what the defaults declare."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from drs_reference.gateway.sampling import Generation, Sampling
from drs_reference.model import LanguageModel
from drs_reference.perturbation import best_of_n
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.budget import (
    Budget,
    Estimate,
    advantage,
    advantage_bound,
    auc,
    measure,
    over_keys,
    replayed,
)
from drs_reference.perturbation.declared import DECLARED
from drs_reference.perturbation.green_list import GreenListParameters, GreenListWatermark
from drs_reference.perturbation.gumbel import GumbelWatermark
from drs_reference.perturbation.parameters import KINDS, read
from drs_reference.perturbation.tournament import TournamentParameters, TournamentWatermark
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = b"0123456789abcdef"
PROMPTS = [
    [("user", text)]
    for text in (
        "Tell me a story about a fox.",
        "Tell me a story about a king.",
        "Explain rain.",
        "Explain money.",
        "Hello!",
    )
]
WARM = Sampling(max_tokens=60)
STRONG = GreenListParameters(delta=10)
MARKS: dict[str, Any] = {
    "green-list": GreenListWatermark(KEY),
    "tournament": TournamentWatermark(KEY),
    "strong green-list": GreenListWatermark(KEY, GreenListParameters(delta=1.5)),
    "strong tournament": TournamentWatermark(KEY, TournamentParameters()),
    "gumbel": GumbelWatermark(KEY),
}


@cache
def measured(name: str) -> Budget:
    random = np.random.default_rng(0)
    return measure(LanguageModel.load(), MARKS[name], PROMPTS * 12, WARM, random)


@pytest.mark.parametrize("name", MARKS)
def test_the_exact_and_the_plain_estimate_agree(name: str) -> None:
    budget = measured(name)
    assert budget.exact.agrees(budget.plain)
    assert budget.exact.error <= budget.plain.error
    assert budget.exact.mean > 0


@pytest.mark.parametrize("name", ["green-list", "tournament"])
def test_weak_marks_keep_their_budget_for_whoever_holds_the_key(name: str) -> None:
    exact, declared = measured(name).exact, DECLARED[MARKS[name].mechanism]
    assert exact.mean + 4 * exact.error <= declared.divergence_nats_per_response
    most = advantage_bound(declared.divergence_nats_per_response)
    assert most <= declared.single_response_advantage
    assert "key-holder" in declared.panel
    # Small log-ratios are nearly normal, and then the AUC is that of a shift of twice the mean.
    assert 0.5 * math.erfc(-math.sqrt(declared.divergence_nats_per_response / 2)) <= 0.6


def test_a_key_that_decides_answers_is_seen_by_whoever_holds_it() -> None:
    budget, random = measured("gumbel"), np.random.default_rng(0)
    assert budget.exact.mean > 3
    assert budget.auc(1, random) > 0.95
    assert budget.advantage > 0.9
    assert budget.auc(10, random) == 1


def without_a_key(kind: Callable[[bytes], Any], model: LanguageModel) -> Estimate:
    marks = [kind(i.to_bytes(16, "big")) for i in range(24)]
    random = np.random.default_rng(0)
    found = [over_keys(model, marks, messages, WARM, random) for messages in PROMPTS * 3]
    return Estimate.of(np.array(found))


@pytest.mark.parametrize("kind", [GumbelWatermark, TournamentWatermark])
def test_without_the_key_distortion_free_marks_cost_nothing(
    kind: Callable[[bytes], Any], model: LanguageModel
) -> None:
    assert without_a_key(kind, model).agrees(Estimate(0, 0))


def test_a_strong_green_list_is_seen_without_the_key(model: LanguageModel) -> None:
    found = without_a_key(partial(GreenListWatermark, parameters=STRONG), model)
    assert found.mean - 2 * found.error > 1


def test_a_response_of_the_declared_law_is_as_surprising_as_expected(model: LanguageModel) -> None:
    plain, surprises = Applied(WARM), []
    for number, messages in enumerate(PROMPTS * 8):
        made = Generation(model, messages, replace(WARM, seed=number))
        tokens = [token.token for part in made.emissions() for token in part.tokens]
        found = replayed(model, messages, plain, tokens)
        assert found.ratio == 0
        surprises.append(found.surprise)
    assert Estimate.of(np.array(surprises)).agrees(Estimate(0, 0))


def test_declared_budgets_are_members_of_a_document(
    document: Callable[..., dict[str, Any]],
) -> None:
    for name, declared in DECLARED.items():
        budget = {**asdict(declared), "panel": list(declared.panel)}
        read(document(name, asdict(KINDS[name]()), budget=budget))
    best = DECLARED["best-of-n-selection"]
    assert best_of_n.divergence_bound(2) <= best.divergence_nats_per_response
    assert best_of_n.advantage_bound(2) <= best.single_response_advantage


@given(
    st.lists(st.sampled_from((-math.inf, -1.0, 0.0, 0.5, 2.0)), min_size=1, max_size=9),
    st.lists(st.sampled_from((-math.inf, -1.0, 0.0, 0.5, 2.0)), min_size=1, max_size=9),
)
@settings(deadline=None)
def test_the_auc_counts_pairs_and_halves_ties(perturbed: list[float], clean: list[float]) -> None:
    pairs = [(p > c) + (p == c) / 2 for p in perturbed for c in clean]
    random = np.random.default_rng(0)
    found = auc(np.array(perturbed), np.array(clean), 1, random)
    assert found == pytest.approx(sum(pairs) / len(pairs))
    assert advantage(np.array(perturbed), np.array(perturbed)) == 0


def test_the_auc_of_many_responses_is_that_of_a_normal_shift() -> None:
    """Log-ratios of two normal laws with divergence .05: AUC of n is Phi(sqrt(.05 n))."""
    random = np.random.default_rng(0)
    perturbed = random.normal(0.05, math.sqrt(0.1), 40000)
    clean = random.normal(-0.05, math.sqrt(0.1), 40000)
    for responses in (1, 10, 100):
        expected = 0.5 * math.erfc(-math.sqrt(0.05 * responses / 2))
        assert auc(perturbed, clean, responses, random) == pytest.approx(expected, abs=0.02)
    assert advantage(perturbed, clean) <= advantage_bound(0.05)


def test_an_unknown_draw_is_refused(model: LanguageModel) -> None:
    class Unknown:
        def answering(self, messages: object, sampling: Sampling) -> Applied:
            return Applied(sampling, draw=lambda law, before, random: 0)

    with pytest.raises(TypeError, match="law of the draw"):
        measure(model, Unknown(), PROMPTS[:2], WARM, np.random.default_rng(0))


def test_estimates_of_different_things_do_not_agree() -> None:
    assert not Estimate(1.0, 0.01).agrees(Estimate(1.1, 0.01))
