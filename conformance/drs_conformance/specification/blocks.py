"""Markdown files as a row of top-level blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt

FENCES = ("chapter", "requirement", "retired")
LEADING_IDENTIFIER = re.compile(r"(?:[A-Z]{3}|T)-\d{2}(?=\s|$)")

_ANCHOR = re.compile(r"\s*\{#(?P<anchor>[^}\s]+)\}$")


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block of a Markdown file; lines count from one.

    `text` is the source without the markup of the block itself. `level` is that of a heading;
    `info` what stands behind the opening of a fence; `anchor` the explicit one of a heading.
    """

    kind: Literal["heading", "fence", "paragraph", "other"]
    line: int
    text: str
    level: int = 0
    info: str = ""
    anchor: str | None = None


def blocks_of(text: str) -> tuple[Block, ...]:
    """Split Markdown into its top-level blocks."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    lines = text.splitlines(keepends=True)
    blocks: list[Block] = []
    for index, token in enumerate(tokens):
        if token.level != 0 or token.nesting < 0 or token.map is None:
            continue
        first, end = token.map
        if token.type == "heading_open":
            content = tokens[index + 1].content.strip()
            anchor = _ANCHOR.search(content)
            blocks.append(
                Block(
                    "heading",
                    first + 1,
                    _ANCHOR.sub("", content),
                    level=int(token.tag[1:]),
                    anchor=anchor["anchor"] if anchor else None,
                )
            )
        elif token.type == "fence":
            blocks.append(Block("fence", first + 1, token.content, info=token.info.strip()))
        elif token.type == "paragraph_open":
            blocks.append(Block("paragraph", first + 1, tokens[index + 1].content))
        else:
            blocks.append(Block("other", first + 1, "".join(lines[first:end]).rstrip()))
    return tuple(blocks)


def section_below(blocks: Sequence[Block], heading: int) -> Sequence[Block]:
    """Return the blocks after a heading and before the next one that isn't below it.

    A heading that begins with an identifier is below none, whatever its level.
    """
    level = blocks[heading].level
    for index in range(heading + 1, len(blocks)):
        block = blocks[index]
        is_next = block.level <= level or LEADING_IDENTIFIER.match(block.text)
        if block.kind == "heading" and is_next:
            return blocks[heading + 1 : index]
    return blocks[heading + 1 :]


def fence_name(block: Block) -> str | None:
    """Return what a fence of the standard holds, one of `FENCES`; `None` for any other block."""
    words = block.info.split()
    is_own = block.kind == "fence" and len(words) == 2 and words[0] == "yaml" and words[1] in FENCES
    return words[1] if is_own else None


def is_mistyped_fence(info: str) -> bool:
    """Tell whether a fence looks like one of the standard and is none."""
    words = info.split()
    return (
        bool(words)
        and words[0] in {"yaml", "yml"}
        and len(words) > 1
        and (len(words) > 2 or words[0] != "yaml" or words[1] not in FENCES)
    )
