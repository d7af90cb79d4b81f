"""Counts and times of an answer are none of the model's numbers; whatever else is fractional is."""

from __future__ import annotations

import pytest
from drs_conformance.checks.numbers_inside import numbers_from_inside

# As llama.cpp answers, without what is not a number.
ANSWER = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ki po"}}],
    "usage": {"prompt_tokens": 47, "completion_tokens": 2},
    "timings": {
        "prompt_n": 1,
        "prompt_ms": 0.274,
        "prompt_per_token_ms": 0.274,
        "prompt_per_second": 3649.63503649635,
    },
}


def test_times_are_not_from_inside() -> None:
    assert numbers_from_inside(ANSWER, 2) is None


@pytest.mark.parametrize("name", ["prompt_logprobs", "logits", "hidden_states", "hidden_ms"])
def test_a_list_of_numbers_is_from_inside_whatever_its_name(name: str) -> None:
    assert numbers_from_inside({**ANSWER, name: [-1.5, -2.25]}, 2) == f"a number at /{name}/0"
