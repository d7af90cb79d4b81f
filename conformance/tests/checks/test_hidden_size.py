"""The attacks on the hidden size, against endpoints that were made up."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from random import Random

import pytest
from drs_conformance.checks.hidden_size import IDENTIFIERS, by_bias, by_sampling
from drs_conformance.checks.open_endpoint import OpenEndpoint, overcome

PROMPTS = [f"prompt {number}" for number in range(46)]
BIASED = partial(by_bias, identifiers=list(IDENTIFIERS), cap=600)


class Closed(OpenEndpoint):
    """Refuses a bias."""

    def ask(
        self, prompt: str, *, temperature: float, bias: Mapping[str, float] | None = None
    ) -> Mapping[str, float]:
        shown = super().ask(prompt, temperature=temperature)
        return {} if bias else shown


class Unmoved(OpenEndpoint):
    """Takes a bias and does not show it."""

    def ask(
        self, prompt: str, *, temperature: float, bias: Mapping[str, float] | None = None
    ) -> Mapping[str, float]:
        return super().ask(prompt, temperature=temperature)


class Silent(OpenEndpoint):
    """Returns no log-probabilities."""

    def ask(
        self, prompt: str, *, temperature: float, bias: Mapping[str, float] | None = None
    ) -> Mapping[str, float]:
        self.requests += 1
        return {}


class Drafting(OpenEndpoint):
    """Lets another model answer where there is a bias, and never shows some of the tokens."""

    def __init__(self, seed: int, hidden: int) -> None:
        super().__init__(seed, 96)
        self._draft = OpenEndpoint(seed + 1, hidden)

    def ask(
        self, prompt: str, *, temperature: float, bias: Mapping[str, float] | None = None
    ) -> Mapping[str, float]:
        if bias is None:
            return super().ask(prompt, temperature=temperature)
        self.requests += 1
        shown = {token: value for token, value in bias.items() if int(token) % 10}
        return self._draft.ask(prompt, temperature=temperature, bias=shown)


def test_another_model_that_answers_biases_is_found_out() -> None:
    for seed in range(20):
        identifiers = Random(seed).sample(IDENTIFIERS, len(IDENTIFIERS))
        assert by_bias(Drafting(seed, 5), PROMPTS, identifiers, 600).size == 5


@pytest.mark.parametrize("hidden", [1, 5, 12, 24])
def test_a_bias_brings_the_size_to_light(hidden: int) -> None:
    for seed in range(5):
        identifiers = Random(seed).sample(IDENTIFIERS, len(IDENTIFIERS))
        attack = by_bias(OpenEndpoint(seed, hidden), PROMPTS, identifiers, 600)
        assert attack.size == hidden


@pytest.mark.parametrize("hidden", [1, 2, 4])
def test_hot_samples_bring_a_small_size_to_light(hidden: int) -> None:
    for seed in range(5):
        assert by_sampling(OpenEndpoint(seed, hidden), PROMPTS, 200).size == hidden


@pytest.mark.parametrize("hidden", [96, 768])
def test_a_large_size_takes_more_than_there_is(hidden: int) -> None:
    for seed in range(5):
        endpoint = OpenEndpoint(seed, hidden)
        assert by_bias(endpoint, PROMPTS, list(IDENTIFIERS), 600).size is None
        assert endpoint.requests <= 600
        assert by_sampling(endpoint, PROMPTS, 200).size is None
        assert endpoint.requests <= 800


@pytest.mark.parametrize(
    ("endpoint", "end", "requests"),
    [
        (Closed(1, 4), "a bias is refused, or does not show after 11 requests", 11),
        (Unmoved(1, 4), "a bias is refused, or does not show after 11 requests", 11),
        (Silent(1, 4), "no log-probabilities come after 1 requests", 1),
    ],
)
def test_a_bias_that_is_of_no_use_is_given_up(
    endpoint: OpenEndpoint, end: str, requests: int
) -> None:
    assert str(BIASED(endpoint, PROMPTS)) == f"bias beside log-probabilities: {end}"
    assert endpoint.requests == requests


def test_without_log_probabilities_there_is_nothing_to_sample() -> None:
    endpoint = Silent(1, 4)
    assert by_sampling(endpoint, PROMPTS, 200).size is None
    assert endpoint.requests == 1


@pytest.mark.parametrize(("budget", "cap"), [(25, 60), (200, 600)])
def test_an_open_endpoint_gives_in_in_every_run(budget: int, cap: int) -> None:
    identifiers = list(IDENTIFIERS)
    for seed in range(100):
        Random(seed).shuffle(identifiers)
        biased = partial(by_bias, identifiers=identifiers, cap=cap)
        assert overcome(biased, PROMPTS, int(cap**0.5), seed) is not None
        sampled = partial(by_sampling, budget=budget)
        assert overcome(sampled, PROMPTS, int(budget**0.5) // 4, seed) is not None


def test_what_finds_nothing_overcomes_nothing() -> None:
    assert overcome(partial(by_sampling, budget=9), PROMPTS, 20, 1) is None
