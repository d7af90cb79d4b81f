"""Questions of the benign suite: what is right, what is well formed, and what is neither."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drs_conformance.dialects.neutral import Choice, ToolCall
from drs_conformance.traffic.benign_suite import Question, last_number, questions
from drs_conformance.traffic.requests import draw
from drs_conformance.traffic.small_programs import outcome
from hypothesis import given
from hypothesis import strategies as st


def said(text: str = "", *calls: ToolCall) -> Choice:
    return Choice(0, text, "stop", (), calls)


def drawn(kind: str, part: str) -> Question:
    """Return a question of a kind whose prompt has a part."""
    found = [q for q in draw(questions(kind), 80, 1) if part in q.request.messages[0][1]]
    return found[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("The answer is 68.", 68),
        ("23 + 45 = 68", 68),
        ("**68**\n", 68),
        ("It is 1,068,000.", 1068000),
        ("minus: -4", -4),
        ("none", None),
        ("9" * 5000, None),
    ],
)
def test_the_last_number_counts(text: str, number: int | None) -> None:
    assert last_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "def f(x): return x * 7",
        "Sure:\n```python\ndef f(x):\n    return 7 * x\n```\nThat is all.",
        'def f(x: int) -> int:\n    """Seven times."""\n    y = x\n    y *= 7\n    return y',
        "  def f(n):\n      r: int = -(-7) * n\n      return r\n  print(f(3))",
    ],
)
def test_a_program_is_tried(text: str) -> None:
    assert [outcome(text, "f", x) for x in (0, 3)] == [0, 21]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "def g(x): return x",
        "def f(x, y): return x",
        "def f(x): return __import__('os').system('true')",
        "def f(x): return x / 0",
        "def f(x): return x // 0",
        "def f(x): return x.real",
        "def f(x): return True",
        "def f(x): pass",
        "def f(x):",
        "def f(x): return " + "(" * 5000 + "x",
        "def f(x): return " + "-" * 5000 + "x",
        "def f(x): return " + "9" * 6000,
        "def f(x): return x" + " * 999" * 900,
    ],
)
def test_what_is_no_arithmetic_is_not_carried_out(text: str) -> None:
    assert outcome(text, "f", 3) is None


@given(st.text(max_size=200))
def test_no_text_breaks_the_trial_of_a_program(text: str) -> None:
    assert outcome(f"def f(x): {text}", "f", 3) is None or isinstance(
        outcome(f"def f(x): {text}", "f", 3), int
    )


def test_sums_and_programs_are_marked() -> None:
    number, code = drawn("number", "+"), drawn("code", "adds")
    a, b = (
        int(word.strip("?.")) for word in number.request.messages[0][1].split() if word[0].isdigit()
    )
    assert number.is_right(said(f"Adding them gives {a + b}."))
    assert not number.is_right(said(f"{a + b + 1}"))
    name, operand = (code.request.messages[0][1].split()[at].strip(".") for at in (4, 7))
    assert code.is_right(said(f"def {name}(x): return x + {operand}"))
    assert not code.is_right(said(f"def {name}(x): return x - {operand}"))


def test_json_may_be_right_and_malformed_and_the_other_way_round() -> None:
    question = drawn("schema", "lives in")
    words = question.request.messages[0][1].split()
    right: dict[str, Any] = {"name": words[-4], "city": words[-1].strip(".")}
    assert question.is_right(said(json.dumps(right)))
    assert question.is_formed(said(json.dumps(right)))
    more = said(json.dumps({**right, "mood": "fine"}))
    assert question.is_right(more)
    assert not question.is_formed(more)
    other = said(json.dumps({**right, "city": "Elsewhere"}))
    assert not question.is_right(other)
    assert question.is_formed(other)
    for text in ("", "[]", "{", "NaN", '"text"', "[" * 100_000):
        assert not question.is_right(said(text))
        assert not question.is_formed(said(text))


def test_calls_are_marked_by_name_and_arguments() -> None:
    question = drawn("tool", "timer")
    minutes = int(question.request.messages[0][1].split()[4])
    right = ToolCall("set_timer", json.dumps({"minutes": minutes}))
    assert question.is_right(said("", right))
    assert question.is_formed(said("", right))
    assert not question.is_right(said("", right, right))
    assert not question.is_right(said("", ToolCall("get_weather", right.arguments)))
    assert not question.is_formed(said("", ToolCall("get_weather", right.arguments)))
    assert not question.is_formed(said("", ToolCall("set_timer", '{"minutes": "ten"}')))
    assert not question.is_formed(said(right.arguments))
    assert not question.is_right(said(right.arguments))
