"""Text that a target may have written, made harmless before people or programs read it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

__all__ = ["LONGEST", "commands_shown", "one_line", "visible"]

LONGEST = 4000
"""Characters that are shown of one text at the most."""
LONGEST_COMMAND = 8000
"""Characters that are shown of one command at the most."""
MOST_COMMANDS = 40
"""Commands that are shown for one requirement at the most."""

# Letters and symbols to Unicode, but nothing is seen where they stand.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_MARKS_IN_A_ROW = 3


def visible(text: str, longest: int = LONGEST, kept: str = "\n\t") -> str:
    """Return ``text`` with hidden characters spelt out, cut at ``longest`` characters.

    Hidden are controls but those ``kept``, bidirectional and other format characters, lone
    surrogates, unassigned characters, spaces that are not U+0020, other characters that leave no
    ink, and combining marks beyond three in a row. U+202E becomes ``⟦U+202E⟧``.
    """
    shown = _spelt_out(text[:longest], kept)
    if len(text) <= longest:
        return shown
    return f"{shown} \u2026 ({len(text) - longest} of {len(text)} characters are not shown)"


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` on one line; line breaks and runs of spaces become a space."""
    return " ".join(visible(text.replace("\r\n", "\n"), longest).split())


def commands_shown(commands: Sequence[str]) -> list[str]:
    """Return shell commands, one a line, and a comment in place of those that are too many.

    A line break inside a command is spelt out: what a target wrote is never a line of its own.
    """
    lines = [visible(command, LONGEST_COMMAND, kept="") for command in commands[:MOST_COMMANDS]]
    if len(commands) > MOST_COMMANDS:
        left = len(commands) - MOST_COMMANDS
        lines.append(f"# {left} of {len(commands)} commands are not shown; result.json has them")
    return lines


def _spelt_out(text: str, kept: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    pieces: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        inked = character.isprintable() and character not in _BLANK and marks <= _MARKS_IN_A_ROW
        plain = inked or character in kept
        pieces.append(character if plain else f"\u27e6U+{ord(character):04X}\u27e7")
    return "".join(pieces)
