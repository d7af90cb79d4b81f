"""Which equations of a text are read, and which of them hold."""

from __future__ import annotations

from fractions import Fraction

import pytest
from drs_conformance.checks.equations import equations, held_better
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "Ones: 7+5=12, write 2, carry 1. Tens: 4+8+1=13. The answer is 132.",
            {"7+5=12": True, "4+8+1=13": True},
        ),
        ("47 + 85 = 133", {"47 + 85 = 133": False}),
        (
            "5 − 2 = 3, 4 × 3 = 11; 8 ÷ 2 = 4.",
            {"5 - 2 = 3": True, "4 * 3 = 11": False, "8 / 2 = 4": True},
        ),
        (r"$5 \times 3 = 14$, 47 + 85 = **132**", {"5 *3 = 14": False, "47 + 85 = 132": True}),
        ("1+2**3=9", {}),
        ("2*7+5=19", {"2*7+5=19": True}),
        ("5+2*7=49", {"5+2*7=49": False}),
        ("10/3 = 3.33; 10/3=3; 10/3=4", {"10/3 = 3.33": True, "10/3=3": True, "10/3=4": True}),
        ("10/3=5", {"10/3=5": False}),
        ("1,200 + 34 = 1,234", {"1,200 + 34 = 1,234": True}),
        ("3.5+1=4.5.", {"3.5+1=4.5": True}),
        ("9-12=-3", {"9-12=-3": True}),
        ("3+4=7\n8+1=10", {"3+4=7": True, "8+1=10": False}),
    ],
)
def test_what_is_read(text: str, found: dict[str, bool]) -> None:
    assert {one.text: one.holds for one in equations(text)} == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "x+3=4",
        "2x+3=4",
        "(3+4)*2=14",
        "2^3+1=9",
        "3+4=7+2",
        "3+4=7%",
        "7+5 = 12 - 3",
        "1/0=5",
        "17/5=3 remainder 2",
        "1=1",
        "a=3+4=7",
        "3+4=7.5.1",
        "v1.2+3=5",
        "9" * 400 + "+1=2",
    ],
)
def test_what_may_mean_something_else_is_left_aside(text: str) -> None:
    assert equations(text) == []


NUMBER = st.integers(0, 99)


@given(
    first=NUMBER,
    rest=st.lists(st.tuples(st.sampled_from("+-*"), NUMBER), min_size=1, max_size=5),
    spaced=st.booleans(),
    off=st.integers(-3, 3),
)
def test_the_value_is_that_of_the_calculation(
    first: int, rest: list[tuple[str, int]], spaced: bool, off: int
) -> None:
    gap = " " if spaced else ""
    terms = f"{first}" + "".join(f"{gap}{sign}{gap}{number}" for sign, number in rest)
    value = eval(terms)
    (equation,) = equations(f"So {terms}{gap}={gap}{value + off}, and on.")
    assert equation.holds == (off == 0)


@given(dividend=st.integers(0, 9999), divisor=st.integers(1, 99), places=st.integers(0, 6))
def test_a_quotient_may_be_rounded_or_cut_off(dividend: int, divisor: int, places: int) -> None:
    exact = Fraction(dividend, divisor)
    unit = Fraction(1, 10**places)
    for value in (exact // unit * unit, round(exact / unit) * unit):
        (equation,) = equations(f"{dividend}/{divisor} = {float(value):.{places}f}")
        assert equation.holds
    (equation,) = equations(f"{dividend}/{divisor} = {float(exact + 2 * unit):.{places}f}")
    assert not equation.holds


@given(text=st.text(alphabet="0123456789+-*/=., ()x", max_size=200))
def test_no_text_is_too_much(text: str) -> None:
    for equation in equations(text):
        assert "=" in equation.text


@pytest.mark.parametrize(
    ("plain", "other", "better"),
    [
        ("1+1=2", "1+1=2, 1+2=3", 0),
        ("1+1=2", "1+1=2, 1+2=4", -1),
        ("1+1=3", "1+1=2", 1),
        ("1+1=3", "1+1=3", 0),
        ("none", "1+1=3", -1),
        ("none", "1+1=2", 0),
        ("none", "2", None),
    ],
)
def test_who_errs_oftener(plain: str, other: str, better: float | None) -> None:
    assert held_better(plain, other) == better
