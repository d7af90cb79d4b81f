"""A member's own benign traffic, as the sample that it gives: JSON lines.

Each line has a ``text``, and optionally the ``address`` that it came from, ``details`` of the
account by kind of selector, and ``features`` by variable. What a line does not say cannot be tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drs_reference.exchange.campaigns import Benign
from drs_reference.exchange.canonical import digest
from drs_reference.exchange.false_positives import BenignWindow
from drs_reference.exchange.features import registered_features
from drs_reference.exchange.members import only
from drs_reference.exchange.selectors import KINDS
from drs_reference.json_text import BodyError, Members, parse_object

__all__ = ["LINES_MIN", "BenignLine", "BenignSample", "read_benign"]

LINES_MIN = 100
"""Fewer would call hardly anything a false positive."""
_SIZE_MAX = 256 << 20
_LISTED_MAX = 100


@dataclass(frozen=True, slots=True)
class BenignLine:
    """One request of ordinary traffic."""

    text: str
    address: str | None = None
    details: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    features: Mapping[str, object] = field(default_factory=dict)

    def of_request(self) -> dict[str, object]:
        """Its values of ``req.``."""
        return {n: v for n, v in self.features.items() if n.startswith("req.")}

    def of_window(self) -> dict[str, object]:
        """Its values of ``win.``, which count for every length of window."""
        return {n: v for n, v in self.features.items() if n.startswith("win.")}


@dataclass(frozen=True, slots=True)
class BenignSample:
    """The lines, and the digest of the statement about them."""

    lines: tuple[BenignLine, ...]
    statement: str

    def as_corpus(self) -> Benign:
        """The sample as the benign corpus of signatures that the member makes."""
        windows = tuple(BenignWindow((line.text,), line.features) for line in self.lines)
        return Benign(windows, self.statement)


def read_benign(path: Path) -> BenignSample:
    """The sample in a file. Raises ``BodyError`` naming the line, and ``OSError``."""
    if path.stat().st_size > _SIZE_MAX:
        raise BodyError(None, f"{path} has more than {_SIZE_MAX} bytes")
    content = path.read_bytes()
    lines = tuple(_lines(path, content))
    if len(lines) < LINES_MIN:
        raise BodyError(None, f"{path} has {len(lines)} lines; at least {LINES_MIN} are needed")
    about = {"lines": len(lines), "sha256": hashlib.sha256(content).hexdigest()}
    return BenignSample(lines, digest(about))


def _lines(path: Path, content: bytes) -> Iterator[BenignLine]:
    types = registered_features()
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield _line(Members(parse_object(line)), types)
        except BodyError as error:
            raise BodyError(error.member, f"{path} line {number}: {error.message}") from error


def _line(given: Members, types: Mapping[str, str]) -> BenignLine:
    only(given, "text", "address", "details", "features")
    details = given.inner("details")
    only(details, *KINDS)
    features: dict[str, Any] = given.object("features") or {}
    only(Members(features, "features."), *types)
    text = given.text("text")
    if text is None:
        raise given.wrong("text", "a string")
    return BenignLine(
        text=text,
        address=given.text("address", 1),
        details={kind: details.strings(kind, _LISTED_MAX) for kind in details.members},
        features=features,
    )
