"""References in the prose of a chapter: links to files and anchors, and bare identifiers."""

import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from drs_conformance.specification.blocks import LEADING_IDENTIFIER, blocks_of

IDENTIFIER = re.compile(r"\b(?:[A-Z]{3}-\d{2}|T-\d{2})\b")

_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")


@dataclass(frozen=True, slots=True)
class ProseReference:
    """A reference inside the standard.

    `target` is an identifier for the kind `id` and a relative reference for the kind `link`;
    `text` is what the link shows.
    """

    kind: Literal["id", "link"]
    target: str
    line: int
    text: str = ""


def references_in(markdown: str) -> Iterator[ProseReference]:
    """Yield the references of a chapter, those to other sites left out, in order."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for before, token in itertools.pairwise(tokens):
        if token.type == "inline" and token.map is not None:
            for reference in _inline_references(token, token.map[0] + 1):
                # The identifiers in a heading name what stands below it.
                if before.type != "heading_open" or reference.kind == "link":
                    yield reference


def anchors_of(markdown: str) -> frozenset[str]:
    """Return every anchor that a link may name: explicit ones, identifiers and heading slugs."""
    anchors = set()
    for block in blocks_of(markdown):
        if block.kind != "heading":
            continue
        anchors.add(block.anchor or heading_slug(block.text))
        anchors.update(LEADING_IDENTIFIER.findall(block.text))
    return frozenset(anchors)


def heading_slug(text: str) -> str:
    """Return the anchor that Python-Markdown gives to a heading without an explicit one."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^\w\s-]", "", plain).strip().lower()
    return re.sub(r"[-\s]+", "-", plain)


def split_link(target: str) -> tuple[str, str]:
    """Split a relative reference into the path, which may be empty, and the anchor."""
    path, _, anchor = target.partition("#")
    return unquote(path), unquote(anchor)


def _inline_references(inline: Token, first_line: int) -> Iterator[ProseReference]:
    children = inline.children or []
    place = 0
    inside_link = False
    for index, child in enumerate(children):
        if child.type == "link_close":
            inside_link = False
        elif child.type in {"link_open", "image"}:
            inside_link = inside_link or child.type == "link_open"
            target = str(child.attrGet("href") or child.attrGet("src") or "")
            if target and not _EXTERNAL.match(target):
                place, line = _locate(inline.content, target, place, first_line)
                text = children[index + 1].content if child.type == "link_open" else child.content
                yield ProseReference("link", target, line, text)
        elif child.type == "text" and not inside_link:
            for match in IDENTIFIER.finditer(child.content):
                place, line = _locate(inline.content, match[0], place, first_line)
                yield ProseReference("id", match[0], line)


def _locate(content: str, target: str, place: int, first_line: int) -> tuple[int, int]:
    """Return where `target` next stands in the source of a paragraph, and on which line."""
    found = content.find(target, place)
    if found < 0:
        found = place
    else:
        place = found + len(target)
    return place, first_line + content.count("\n", 0, found)
