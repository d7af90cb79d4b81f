"""What is hidden is spelt out, what is endless is cut, and what is plain stays as it is."""

from __future__ import annotations

import pytest
from drs_conformance.reports.plain_text import LONGEST, commands_shown, one_line, visible
from hypothesis import given
from hypothesis import strategies as st

ANYTHING = st.text(st.characters(codec=None), max_size=300)


@pytest.mark.parametrize(
    "code",
    [
        *(0x00, 0x07, 0x0D, 0x1B, 0x7F, 0x85, 0x9B),
        *(0xA0, 0xAD, 0x115F, 0x180E, 0x200B, 0x2028, 0x2800, 0x3164, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *(0xD800, 0xFFFE, 0xE0041),
    ],
)
def test_a_hidden_character_is_spelt_out(code: int) -> None:
    assert visible(f"a{chr(code)}b") == f"a\u27e6U+{code:04X}\u27e7b"
    assert one_line(f"a{chr(code)}b") == f"a\u27e6U+{code:04X}\u27e7b"


@given(ANYTHING)
def test_what_is_shown_can_be_seen_and_written(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert all(character in "\n\t" or character.isprintable() for character in shown)
    assert one_line(text).isprintable()


@pytest.mark.parametrize("text", ["", "plain", "naïve café", "設計\n\tコード", "e\u0301 🦜", "⟦x⟧"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_marks_do_not_pile_up() -> None:
    assert visible("e" + "\u0301" * 5) == "e\u0301\u0301\u0301" + "\u27e6U+0301\u27e7" * 2


def test_a_long_text_says_how_much_is_left_out() -> None:
    assert visible("x" * LONGEST) == "x" * LONGEST
    assert visible("x" * (LONGEST + 7)) == (
        "x" * LONGEST + f" \u2026 (7 of {LONGEST + 7} characters are not shown)"
    )


@given(st.lists(ANYTHING, max_size=60))
def test_a_command_is_one_line(commands: list[str]) -> None:
    lines = commands_shown(commands)
    assert all(line.isprintable() for line in lines)
    assert len(lines) == min(len(commands), 41)


def test_commands_that_are_too_many_are_counted() -> None:
    lines = commands_shown([f"curl {number}" for number in range(50)])
    assert lines[39] == "curl 39"
    assert lines[40] == "# 10 of 50 commands are not shown; result.json has them"
