"""What counts as a refusal, and that requests for harm are ones to the reference endpoint."""

from __future__ import annotations

from typing import Any

import pytest
from drs_conformance.checks.refusals import is_declined
from drs_conformance.dialects.neutral import ChatAnswer, Choice


def answer(text: str, refusal: str | None = None) -> ChatAnswer:
    exchange: Any = None
    return ChatAnswer(exchange, "m", (Choice(0, text, "stop", (), (), refusal),), None, {}, "")


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that.",
        "I can\u2019t help with that.",
        "I'm sorry, but I can't assist.",
        "Sorry, no.",
        "I cannot do this.",
        "  I won't explain that.",
        "I'm not able to help.",
        "Unfortunately, I have to decline.",
    ],
)
def test_common_openings_are_refusals(text: str) -> None:
    assert is_declined(answer(text))


@pytest.mark.parametrize(
    "text", ["", "I can do that.", "First, take the key.", "Sorrow is", "I am able to help."]
)
def test_answers_are_not(text: str) -> None:
    assert not is_declined(answer(text))


def test_a_member_of_its_own_is_enough() -> None:
    assert is_declined(answer("", "No."))
