"""A member's own benign traffic, as the sample that it gives: JSON lines.

Each line has a ``text``, and optionally the ``address`` that it came from, ``details`` of the
account by kind of selector, and ``features`` by variable. What a line does not say cannot be tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drs_reference.exchange.benign import BenignLine, BenignSample
from drs_reference.exchange.canonical import digest
from drs_reference.exchange.features import registered_features
from drs_reference.exchange.members import only
from drs_reference.exchange.selectors import KINDS
from drs_reference.json_text import BodyError, Members, parse_object

__all__ = ["LINES_MIN", "read_benign"]

LINES_MIN = 100
"""Fewer would call hardly anything a false positive."""
_SIZE_MAX = 256 << 20
_LISTED_MAX = 100


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
