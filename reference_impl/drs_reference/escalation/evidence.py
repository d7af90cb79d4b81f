"""Items of evidence as files: no more of a record than criteria ask for (ESC-05)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from drs_reference.exchange.canonical import NoCanonicalFormError, canonical, parse
from drs_reference.json_text import BodyError, described

__all__ = ["sha256", "taken", "unlike_files", "unlike_records"]


def sha256(content: bytes) -> str:
    """The digest as the schemas write it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def taken(record: bytes, fields: Sequence[str]) -> bytes:
    """The lines of a record of JSON lines with these members alone, each in its JCS form.

    A value is text, a number, true, false or null: what stands inside of an object would come
    along unnamed. Raises ``BodyError``.
    """
    lines: list[bytes] = []
    seen: set[str] = set()
    for number, line in enumerate(record.splitlines(), start=1):
        try:
            row = parse(line)
        except NoCanonicalFormError as error:
            raise BodyError(
                None,
                f"line {number}: {error}; fields are taken from JSON lines, a record of another "
                "form becomes an item as a whole, without `fields`",
            ) from error
        kept = {name: row[name] for name in fields if name in row}
        for name, value in kept.items():
            if isinstance(value, (dict, list)):
                message = (
                    f"line {number}: expected a single value in {name}; got {described(value)}"
                )
                raise BodyError(name, message)
        seen.update(kept)
        lines.append(canonical(kept) + b"\n")
    for name in fields:
        if name not in seen:
            raise BodyError(name, f"expected the field {name}; no line has it")
    return b"".join(lines)


def unlike_files(dossier: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """What differs between the items and the files of a folder. Raises ``OSError``."""
    files, items = _files(folder), {item["digest"]: item["id"] for item in dossier["items"]}
    for digest, name in items.items():
        if digest not in files:
            yield f"item {name}: no file in {folder} has its digest {digest}"
    for digest, path in files.items():
        if digest not in items:
            yield f"{path}: no item has the digest of this file, {digest}"


def unlike_records(dossier: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Items that cannot be taken anew from the records of a folder. Raises ``OSError``."""
    files = _files(folder)
    for item in dossier["items"]:
        path = files.get(item["source"])
        if path is None:
            yield f"item {item['id']}: no file in {folder} is its record, {item['source']}"
        elif "fields" in item:
            try:
                again = sha256(taken(path.read_bytes(), [each["field"] for each in item["fields"]]))
            except BodyError as error:
                yield f"item {item['id']}: {path}: {error.message}"
            else:
                if again != item["digest"]:
                    yield f"item {item['id']}: what its fields give in {path} has another digest"


def _files(folder: Path) -> dict[str, Path]:
    found = {}
    # `rglob` takes a folder that is not there for an empty one.
    next(folder.iterdir(), None)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                found["sha256:" + hashlib.file_digest(file, "sha256").hexdigest()] = path
    return found
