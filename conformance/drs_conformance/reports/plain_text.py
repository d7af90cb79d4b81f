"""Text that a target may have written, made harmless before people or programs read it."""

from __future__ import annotations

import re

__all__ = ["LONGEST", "visible"]

LONGEST = 4000
"""Characters that are shown of one text at the most."""

# Controls but tab and line feed, bidirectional overrides and isolates, invisible marks, lone
# surrogates, non-characters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    "\ufeff\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` with hidden characters spelt out, cut at ``longest`` characters."""
    shown = _HIDDEN.sub(lambda match: f"\u27e6U+{ord(match[0]):04X}\u27e7", text[:longest])
    if len(text) <= longest:
        return shown
    return f"{shown} \u2026 ({len(text) - longest} of {len(text)} characters are not shown)"


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` on one line."""
    return visible(" ".join(text.split()), longest)
