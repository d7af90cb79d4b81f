"""Text for a page of HTML: whatever the target wrote is read as text, and nothing of it hides."""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import pairwise

from markupsafe import Markup, escape

__all__ = ["BODY_SHOWN", "TEXT_SHOWN", "body", "prose", "shown"]

TEXT_SHOWN = 4000
"""Characters that are shown of one text at the most."""
BODY_SHOWN = 4000
"""Characters that are shown of the body of a request or response at the most."""

# A body longer than this is shown as it came, for parsing it serves nobody.
_INDENTED_UP_TO = 200_000
_DEEPEST_INDENT = 24
_MARKS_IN_A_ROW = 3
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^\s"{}\[\],:]+')


def shown(text: object, longest: int = TEXT_SHOWN, unit: str = "characters") -> Markup:
    """Return ``text`` escaped, hidden characters boxed as code points, cut at ``longest``.

    Hidden are controls but tab and line feed, bidirectional and other format characters, lone
    surrogates, spaces that are not U+0020, and combining marks piled on top of one another. The
    text stands in an element of its own direction, so that it moves nothing around it.
    """
    whole = str(text)
    return Markup("<bdi>{}</bdi>{}").format(_boxed(whole[:longest]), _note(whole, longest, unit))


def body(text: str, longest: int = BODY_SHOWN) -> Markup:
    """Return the body of a request or response: JSON is laid out, every token of it as it came.

    No token is decoded and written anew, for then a member that is given twice or a number with
    an odd spelling would vanish from the evidence.
    """
    head = text[:longest]
    if len(text) <= _INDENTED_UP_TO and _is_json(text):
        head = _laid_out(head)
    return Markup("{}{}").format(_boxed(head), _note(text, longest, "characters"))


def prose(text: str) -> Markup:
    """Return a sentence of the standard; what stands between backticks becomes code."""
    parts = text[:TEXT_SHOWN].split("`")
    if len(parts) % 2 == 0:
        return shown(text)
    pieces = [
        Markup("<code>{}</code>").format(_boxed(part)) if number % 2 else _boxed(part)
        for number, part in enumerate(parts)
    ]
    return Markup("").join(pieces) + _note(text, TEXT_SHOWN, "characters")


def _boxed(text: str) -> Markup:
    """Escape ``text`` and put each hidden character in a box that no text can imitate."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return escape(text)
    pieces: list[str] = []
    plain: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if character in "\t\n" or (character.isprintable() and marks <= _MARKS_IN_A_ROW):
            plain.append(character)
            continue
        pieces.append(escape("".join(plain)))
        plain.clear()
        pieces.append(Markup('<span class="point">⟦U+{:04X}⟧</span>').format(ord(character)))
    pieces.append(escape("".join(plain)))
    return Markup("").join(pieces)


def _note(text: str, longest: int, unit: str) -> Markup:
    if len(text) <= longest:
        return Markup("")
    return Markup(' <span class="cut">… the first {:,} of {:,} {} are shown</span>').format(
        longest, len(text), unit
    )


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _laid_out(text: str) -> str:
    """Return the beginning of a JSON text, one member or item a line."""
    tokens = _JSON_TOKEN.findall(text)
    lines: list[str] = []
    depth = 0
    for token, following in pairwise([*tokens, ""]):
        if token in "]}":
            depth -= 1
        lines.append(token)
        if token in "[{":
            depth += 1
        empty = token in "[{" and following in ("]", "}")
        ends = token in "[{," or (following in ("]", "}") and token not in "[{")
        if ends and not empty:
            lines.append("\n" + "  " * min(depth - (following in ("]", "}")), _DEEPEST_INDENT))
        elif token == ":":
            lines.append(" ")
    return "".join(lines)
