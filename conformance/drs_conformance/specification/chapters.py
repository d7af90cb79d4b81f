"""Chapters as written: the blocks of a Markdown file and the requirements and threats in them.

A chapter is read as far as it can be; what is malformed becomes a finding and is left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from drs_conformance.specification.blocks import (
    FENCES,
    Block,
    blocks_of,
    fence_name,
    is_mistyped_fence,
    section_below,
)
from drs_conformance.specification.documents import Document, DocumentError, read_text
from drs_conformance.specification.findings import Finding
from drs_conformance.specification.schemas import SchemaSet
from drs_conformance.specification.yaml_text import parse_yaml

_CHAPTER_NAME = re.compile(r"(?P<order>\d{2})-[a-z0-9]+(?:-[a-z0-9]+)*")
_REQUIREMENT_HEADING = re.compile(r"(?P<id>[A-Z]{3}-\d{2})\s+(?P<title>\S.*)")
_THREAT_HEADING = re.compile(r"(?P<id>T-\d{2})\s+(?P<title>\S.*)")
_RATIONALE = "Rationale:"


@dataclass(frozen=True, slots=True)
class RequirementSource:
    """A requirement as written. `fence` is valid under the schema of requirement fences."""

    id: str
    title: str
    line: int
    fence: Document
    sentence: str
    sentence_line: int
    rationale: str
    rationale_line: int


@dataclass(frozen=True, slots=True)
class ThreatSource:
    """A threat as written."""

    id: str
    title: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class RetiredSource:
    """A withdrawn requirement as written."""

    id: str
    since: str
    reason: str
    line: int


@dataclass(frozen=True, slots=True)
class ChapterSource:
    """A chapter as written.

    `mentioned` maps the identifiers of requirements that are there but malformed to their lines,
    so that one mistake doesn't make every reference to them dangle.
    """

    file: str
    name: str
    title: str
    family: str | None
    order: int
    text: str
    requirements: tuple[RequirementSource, ...]
    threats: tuple[ThreatSource, ...]
    retired: tuple[RetiredSource, ...]
    malformed: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_chapters(folder: Path, root: Path, schemas: SchemaSet) -> tuple[ChapterSource, ...]:
    """Read every Markdown file of `folder` that is a chapter, ordered by file name.

    A file that holds no fence of the standard and is not named like a chapter is none.

    Raises:
        DocumentError: a file cannot be read as UTF-8 text.

    """
    chapters = (
        _Reader(path, path.relative_to(root).as_posix(), schemas).read()
        for path in sorted(folder.glob("*.md"))
    )
    return tuple(chapter for chapter in chapters if chapter is not None)


class _Reader:
    """Reads one file and gathers findings on the way."""

    def __init__(self, path: Path, file: str, schemas: SchemaSet) -> None:
        self._path = path
        self._file = file
        self._schemas = schemas
        self._text = read_text(path)
        self._blocks = blocks_of(self._text)
        self._findings: list[Finding] = []
        self._malformed: list[str] = []

    def read(self) -> ChapterSource | None:
        named = _CHAPTER_NAME.fullmatch(self._path.stem)
        if named is None and not any(fence_name(block) for block in self._blocks):
            return None
        if named is None:
            self._find(1, "chapter", "expected a file name such as 03-declaration.md")
        family, order = self._read_chapter_fence(named["order"] if named else None)
        title = self._blocks[0].text if self._starts_with_title() else self._path.stem
        requirements = tuple(self._read_requirements())
        return ChapterSource(
            file=self._file,
            name=self._path.stem,
            title=title,
            family=family,
            order=order,
            text=self._text,
            requirements=requirements,
            threats=tuple(self._read_threats()),
            retired=tuple(self._read_retired()),
            malformed=tuple(self._malformed),
            findings=tuple(self._findings),
        )

    def _starts_with_title(self) -> bool:
        return (
            bool(self._blocks) and self._blocks[0].kind == "heading" and self._blocks[0].level == 1
        )

    def _read_chapter_fence(self, numbered: str | None) -> tuple[str | None, int]:
        order = int(numbered or 0)
        if not self._starts_with_title():
            self._find(1, "chapter", "expected the chapter to begin with a title, `# Title`")
        places = [i for i, block in enumerate(self._blocks) if fence_name(block) == "chapter"]
        for place in places[1:]:
            line = self._blocks[place].line
            self._find(line, "fence-place", "expected one chapter fence, got another one")
        if not places or places[0] != 1:
            line = self._blocks[places[0]].line if places else 1
            self._find(line, "chapter", "expected a fence `yaml chapter` directly after the title")
        if not places:
            return None, order
        fence = self._read_fence(self._blocks[places[0]])
        if fence is None:
            return None, order
        value = cast(dict[str, Any], fence.value)
        if numbered is not None and value["order"] != order:
            message = f"expected order {order}, as the file's name says, got {value['order']}"
            self._find(fence.line("/order"), "chapter", message)
        return value["family"], value["order"]

    def _read_requirements(self) -> Iterator[RequirementSource]:
        for index, block in enumerate(self._blocks):
            heading = (
                _REQUIREMENT_HEADING.fullmatch(block.text) if block.kind == "heading" else None
            )
            if heading is not None:
                requirement = self._read_requirement(index, heading["id"], heading["title"])
                if requirement is None:
                    self._malformed.append(heading["id"])
                else:
                    yield requirement
            elif fence_name(block) == "requirement":
                before = self._blocks[index - 1] if index else block
                if before.kind == "heading" and not _REQUIREMENT_HEADING.fullmatch(before.text):
                    message = f"expected a heading `ABC-01 Title`, got {before.text!r}"
                    self._find(before.line, "heading", message)
                elif before.kind != "heading":
                    message = "expected a requirement fence directly after its heading"
                    self._find(block.line, "fence-place", message)
            elif block.kind == "fence" and is_mistyped_fence(block.info):
                message = f"expected one of {', '.join(FENCES)} after yaml, got {block.info!r}"
                self._find(block.line, "fence-kind", message)

    def _read_requirement(self, index: int, name: str, title: str) -> RequirementSource | None:
        heading = self._blocks[index]
        section = section_below(self._blocks, index)
        self._check_anchor(heading, name)
        if heading.level != 3:
            self._find(heading.line, "heading", f"expected {name} at level 3, got {heading.level}")
        if not section or fence_name(section[0]) != "requirement":
            message = f"expected a fence `yaml requirement` directly after the heading of {name}"
            self._find(heading.line, "fence-missing", message)
            return None
        fence = self._read_fence(section[0])
        sentence = section[1] if len(section) > 1 else None
        if sentence is None or sentence.kind != "paragraph" or sentence.text.startswith(_RATIONALE):
            message = f"expected the sentence of {name} in a paragraph directly after its fence"
            self._find(section[0].line, "sentence-missing", message)
            return None
        rationale = self._read_rationale(name, sentence, section[2:])
        if fence is None or rationale is None:
            return None
        return RequirementSource(
            id=name,
            title=title,
            line=heading.line,
            fence=fence,
            sentence=" ".join(sentence.text.split()),
            sentence_line=sentence.line,
            rationale=rationale,
            rationale_line=section[2].line,
        )

    def _read_rationale(self, name: str, sentence: Block, rest: Sequence[Block]) -> str | None:
        if not rest or rest[0].kind != "paragraph" or not rest[0].text.startswith(_RATIONALE):
            line = rest[0].line if rest else sentence.line
            message = f"expected `{_RATIONALE}` directly after the sentence of {name}"
            self._find(line, "rationale-missing", message)
            return None
        text = "\n\n".join(
            [rest[0].text.removeprefix(_RATIONALE).strip(), *(b.text for b in rest[1:])]
        )
        if not text.strip():
            message = f"expected a reason for {name}, got an empty one"
            self._find(rest[0].line, "rationale-missing", message)
            return None
        return text.strip()

    def _read_threats(self) -> Iterator[ThreatSource]:
        for index, block in enumerate(self._blocks):
            heading = _THREAT_HEADING.fullmatch(block.text) if block.kind == "heading" else None
            if heading is None:
                continue
            self._check_anchor(block, heading["id"])
            text = "\n\n".join(part.text for part in section_below(self._blocks, index))
            if not text:
                message = f"expected a description of {heading['id']}, got none"
                self._find(block.line, "threat-text", message)
            yield ThreatSource(heading["id"], heading["title"], block.line, text)

    def _read_retired(self) -> Iterator[RetiredSource]:
        for block in self._blocks:
            fence = self._read_fence(block) if fence_name(block) == "retired" else None
            entries = cast(list[dict[str, str]], fence.value) if fence else []
            for index, entry in enumerate(entries):
                assert fence is not None
                line = fence.line(f"/{index}/id")
                yield RetiredSource(entry["id"], entry["since"], entry["reason"], line)

    def _read_fence(self, block: Block) -> Document | None:
        """Parse a fence and hold it against its schema; `None` when either fails."""
        try:
            fence = parse_yaml(block.text, file=self._file, first_line=block.line + 1)
        except DocumentError as error:
            self._find(error.line, "fence-yaml", error.reason)
            return None
        name = f"{fence_name(block)}-fence"
        problems = self._schemas.problems("catalogue", fence.value, f"/$defs/{name}")
        for problem in problems:
            if problem.keyword == "unevaluatedProperties":
                for member in problem.members:
                    line = fence.line(f"{problem.pointer}/{member}")
                    self._find(line, "fence-key", f"unknown key {member!r}: {problem.message}")
            elif problem.keyword == "required":
                line = block.line if not problem.pointer else fence.line(problem.pointer)
                self._find(line, "fence-key", problem.message)
            else:
                message = f"{problem.pointer.lstrip('/') or 'fence'}: {problem.message}"
                self._find(fence.line(problem.pointer), "fence-key", message)
        return None if problems else fence

    def _check_anchor(self, heading: Block, name: str) -> None:
        if heading.anchor is not None and heading.anchor != name:
            message = f"expected the anchor #{name}, as the heading says, got #{heading.anchor}"
            self._find(heading.line, "anchor", message)

    def _find(self, line: int, rule: str, message: str) -> None:
        self._findings.append(Finding(self._file, line, rule, message))
