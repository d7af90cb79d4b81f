"""Steps that are left out, summarised or withheld: what stays, and that nothing is made up."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import pytest
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Chosen, Generation, Sampling
from drs_reference.model import LanguageModel
from drs_reference.perturbation import step_elision, trace_summary, trace_withholding
from drs_reference.perturbation.base import Overt
from drs_reference.perturbation.step_elision import StepElision, left_out
from drs_reference.perturbation.trace import steps, text_of
from drs_reference.perturbation.trace_summary import TraceSummary, summaries
from hypothesis import given, settings
from hypothesis import strategies as st

MODEL = LanguageModel.load()
KEY = b"a key of 16 bytes or more"
STEP = st.text("0123456789+-=>abcOT: ", min_size=1, max_size=8)
STEPS = st.lists(STEP, min_size=1, max_size=12)
SHARE = st.floats(0.01, 1)
NUMBERS = (
    "no",
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
OPERAND = st.integers(10, 99)
SUM = "What is 47 + 85?"


def tokens(text: str) -> list[Chosen]:
    return [
        Chosen(t, MODEL.tokenizer.token_text(t), -1.0, ()) for t in MODEL.tokenizer.encode(text)
    ]


def elision(share: float = 0.5, key: bytes = KEY) -> StepElision:
    return StepElision(step_elision.Parameters(share, "every-response"), key)


def answered(mechanism: Overt | None, prompt: str, **sampling: Any) -> tuple[str, Any]:
    request = ChatRequest("m", (("user", prompt),), Sampling(**{"temperature": 0, **sampling}))
    applied = mechanism.to(request) if mechanism else None
    kind = (applied and applied.kind) or Generation
    work = kind(MODEL, request.messages, request.sampling)
    return "".join(emission.text for emission in work.emissions()), work


def conclusion(text: str) -> str:
    return "The answer is" + text.rpartition("The answer is")[2]


@given(st.text("0123456789+=,.; abc\n", max_size=60))
def test_steps_joined_are_the_trace(text: str) -> None:
    found = steps(tokens(text))
    assert "".join(map(text_of, found)) == text
    if any(map(str.isalnum, text)):
        assert all(any(map(str.isalnum, text_of(step))) for step in found)
    for number in re.findall(r"\d+[.,]\d+", text):
        assert any(number in text_of(step) for step in found)


@given(SHARE, STEPS, STEPS)
def test_a_share_at_least_is_left_out_and_no_step_that_is_left_out_elsewhere(
    share: float, taken: list[str], usual: list[str]
) -> None:
    hidden = left_out(KEY, share, taken, usual)
    assert len(hidden) >= max(1, math.ceil(share * len(taken) - 1e-6))
    shown = {taken[i] for i in range(len(taken)) if i not in hidden}
    assert shown.isdisjoint(usual[i] for i in left_out(KEY, share, usual, usual))


@given(SHARE, st.lists(STEP, min_size=1, max_size=12, unique=True))
def test_of_the_usual_steps_no_more_than_the_share_is_left_out(
    share: float, usual: list[str]
) -> None:
    assert len(left_out(KEY, share, usual, usual)) == math.ceil(share * len(usual) - 1e-9)


def test_the_key_decides_which() -> None:
    usual = [f"{n}+{n}={2 * n}" for n in range(10)]
    chosen = {left_out(bytes([n]) * 16, 0.5, usual, usual) for n in range(20)}
    assert len(chosen) > 15
    with pytest.raises(ValueError, match="16 bytes or more, not 3"):
        elision(key=b"abc")


@settings(deadline=None, max_examples=15)
@given(OPERAND, OPERAND, st.sampled_from([0.2, 0.5, 0.75, 1.0]))
def test_what_elision_shows_of_a_sum_is_true_incomplete_and_ends_as_ever(
    a: int, b: int, share: float
) -> None:
    plain, _ = answered(None, f"What is {a} + {b}?")
    text, work = answered(elision(share), f"What is {a} + {b}?")
    assert conclusion(text) == conclusion(plain)
    shown = [text_of(step) for step in steps(tokens(text.partition(" The answer is")[0]))]
    taken = [text_of(step) for step in steps(tokens(plain.partition(" The answer is")[0]))]
    assert len(shown) == len(taken) - math.ceil(share * len(taken))
    assert not Counter(shown) - Counter(taken)
    assert sorted("".join(shown) + work.withheld[0]) == sorted("".join(taken))


@settings(deadline=None, max_examples=10)
@given(OPERAND, OPERAND)
def test_no_wording_brings_a_step_back(a: int, b: int) -> None:
    asked = (
        "What is {} + {}?",
        "Add {} and {}.",
        "Compute {} + {}.",
        "What is the sum of {} and {}?",
    )
    assert len({answered(elision(), wording.format(a, b))[0] for wording in asked}) == 1


def test_no_number_of_tries_brings_a_step_back() -> None:
    whole = set(re.split("[,.] ", answered(None, SUM)[0].partition(" The")[0].strip(".")))
    seen: set[str] = set()
    for seed in range(40):
        text, _ = answered(elision(), SUM, temperature=1.4, seed=seed)
        seen |= set(re.split("[,.] ", text.partition(" The")[0].strip(" ,.")))
    assert len(whole) == 4
    assert len(whole - seen) == 2


@settings(deadline=None)
@given(STEPS)
def test_a_summary_counts_what_is_there(taken: list[str]) -> None:
    longest, shorter, none = summaries(taken)
    number, _, kinds = longest.rstrip(".").partition(": ")
    assert number == shorter.rstrip(".")
    assert number == f"In {NUMBERS[len(taken)]} step" + "s" * (len(taken) > 1)
    words = (kind.split() for kind in kinds.split(", "))
    counted = {kind.rstrip("s"): NUMBERS.index(number) for number, kind in words}
    assert sum(counted.values()) == len(taken)
    assert counted.get("letter", 0) <= sum("->" in step for step in taken)
    assert counted.get("sum", 0) == sum(bool(re.search(r"\d\+\d", step)) for step in taken)
    assert none == ""


def test_many_steps_are_not_counted_to_the_last() -> None:
    assert summaries(["1+1=2"] * 13)[0] == "In more than twelve steps: more than twelve sums."


@pytest.mark.parametrize("most", [1, 13, 14, 33])
def test_a_summary_has_no_more_tokens_than_it_may(most: int) -> None:
    text, work = answered(TraceSummary(trace_summary.Parameters(most)), SUM)
    summary, _, rest = text.partition(" The answer is")
    assert len(MODEL.tokenizer.encode(summary)) <= most
    whole = "In four steps: two sums, two others."
    assert summary == {1: "", 13: "", 14: "In four steps."}.get(most, whole)
    assert rest == " 132."
    assert work.withheld == ["Ones: 7+5=12, write 2, carry 1. Tens: 4+8+1=13."]


MECHANISMS = [
    elision(),
    TraceSummary(trace_summary.Parameters(33)),
    trace_withholding.TraceWithholding(trace_withholding.Parameters()),
]


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: str(mechanism.mechanism))
@pytest.mark.parametrize(
    "prompt",
    [
        "Write a function f that adds 31.",
        "Extract the name and age as JSON: Anna is 61 years old.",
        "Tell me a story about a fox.",
    ],
)
def test_what_is_no_reasoning_passes_untouched(mechanism: Overt, prompt: str) -> None:
    assert answered(mechanism, prompt)[0] == answered(None, prompt)[0]


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: str(mechanism.mechanism))
@pytest.mark.parametrize(
    "prompt",
    [SUM, "Start with 3, add 4, multiply by 5, subtract 2. Work modulo 10.", 'Shift "abc" by 2.'],
)
def test_the_conclusion_stays_and_the_trace_is_never_complete(
    mechanism: Overt, prompt: str
) -> None:
    plain, (text, work) = answered(None, prompt)[0], answered(mechanism, prompt)
    assert conclusion(text) == conclusion(plain)
    assert plain.partition(" The answer is")[0] not in text
    assert not Counter(re.findall(r"\d+", text)) - Counter(re.findall(r"\d+", plain))
    assert 0 < work.reasoning_tokens <= len(tokens(plain))
