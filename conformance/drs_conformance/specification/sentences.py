"""What counts as a keyword of BCP 14 and as a sentence."""

import re

from markdown_it import MarkdownIt

# Longer ones first: "MUST NOT" is one keyword and not the keyword "MUST".
_KEYWORD = re.compile(
    r"\b(MUST NOT|MUST|SHALL NOT|SHALL|SHOULD NOT|SHOULD|NOT RECOMMENDED|RECOMMENDED|REQUIRED"
    r"|MAY|OPTIONAL)\b"
)
_ABBREVIATIONS = ("e.g.", "i.e.", "et al.", "cf.", "vs.", "etc.", "approx.", "No.", "Sect.")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s)")


def visible_text(markdown: str) -> str:
    """Return the words of inline Markdown on one line, with `X` in the place of each code span.

    Code and link targets are not part of what a sentence says.
    """
    words = []
    for inline in MarkdownIt("commonmark").parseInline(markdown):
        for token in inline.children or []:
            if token.type == "text":
                words.append(token.content)
            elif token.type == "code_inline":
                words.append("X")
            elif token.type in {"softbreak", "hardbreak"}:
                words.append(" ")
    return " ".join("".join(words).split())


def keywords_in(text: str) -> list[str]:
    """Return the BCP 14 keywords of visible text, in order."""
    return _KEYWORD.findall(text)


def sentence_count(text: str) -> int:
    """Count the sentences of visible text; text without an end counts as none more."""
    ends = [
        match
        for match in _SENTENCE_END.finditer(text)
        if not text[: match.end()].endswith(_ABBREVIATIONS)
    ]
    return len(ends) + (text.rstrip("\"'”’)]").endswith((".", "!", "?")))
