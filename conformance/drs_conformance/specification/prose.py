"""Whether links and identifiers in the prose of chapters lead somewhere."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from drs_conformance.specification.chapters import ChapterSource
from drs_conformance.specification.documents import read_text
from drs_conformance.specification.findings import Finding
from drs_conformance.specification.references import (
    IDENTIFIER,
    ProseReference,
    anchors_of,
    references_in,
    split_link,
)


def inspect_prose(
    sources: Sequence[ChapterSource], known: frozenset[str], root: Path
) -> Iterator[Finding]:
    """Yield every reference that leads nowhere.

    `known` holds the identifiers of requirements and threats, withdrawn ones too.
    """
    anchors = {source.file: anchors_of(source.text) for source in sources}
    for source in sources:
        for reference in references_in(source.text):
            if reference.kind == "id":
                if reference.target not in known:
                    rule = "unknown-threat" if reference.target.startswith("T-") else "dangling-id"
                    message = f"expected a requirement or threat, got {reference.target}"
                    yield Finding(source.file, reference.line, rule, message)
            elif finding := _broken_link(source.file, reference, anchors, root):
                yield finding


def _broken_link(
    file: str, reference: ProseReference, anchors: dict[str, frozenset[str]], root: Path
) -> Finding | None:
    path, anchor = split_link(reference.target)
    target = file
    if path:
        place = (root / PurePosixPath(file).parent / path).resolve()
        if not place.exists() or not place.is_relative_to(root.resolve()):
            message = f"expected a file of the standard, got {path!r}"
            return Finding(file, reference.line, "dangling-link", message)
        target = place.relative_to(root.resolve()).as_posix()
    if not anchor:
        return None
    if target.endswith(".md") and target not in anchors:
        anchors[target] = anchors_of(read_text(root / target))
    if anchor not in anchors.get(target, frozenset()):
        elsewhere = [name for name, known in anchors.items() if anchor in known]
        hint = f"; it stands in {elsewhere[0]}" if elsewhere else ""
        message = f"expected an anchor of {target}, got #{anchor}{hint}"
        return Finding(file, reference.line, "dangling-anchor", message)
    if (
        IDENTIFIER.fullmatch(anchor)
        and IDENTIFIER.fullmatch(reference.text)
        and anchor != reference.text
    ):
        message = f"expected the link {reference.text} to lead there, got #{anchor}"
        return Finding(file, reference.line, "link-text", message)
    return None
