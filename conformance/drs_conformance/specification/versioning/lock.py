"""The lock of a frozen version: a digest of every file that belongs to it.

`spec/VERSION/frozen.lock` is JSON: `version`, `date` (of freezing), `catalogue` (the catalogue's
digest), `requirements` (identifier to digest) and `files` (path below the root to SHA-256). It
covers everything below `spec/VERSION` and `schemas/VERSION` but itself.
"""

import datetime
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drs_conformance.specification.catalogue import Catalogue, load_catalogue
from drs_conformance.specification.documents import DocumentError, load_document
from drs_conformance.specification.findings import Finding
from drs_conformance.specification.location import (
    LOCK_NAME,
    schema_folder,
    spec_folder,
    version_key,
    versions,
)

_MEMBERS = {"version": str, "date": str, "catalogue": str, "requirements": dict, "files": dict}


class FreezeRefusedError(Exception):
    """A version cannot be frozen; nothing was written."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What a version was when it was frozen; digests are `sha256:` and hexadecimal."""

    version: str
    date: str
    catalogue: str
    requirements: Mapping[str, str]
    files: Mapping[str, str]


def read_lock(version: str, root: Path) -> Lock | None:
    """Return the lock of a version, or None for a draft.

    Raises:
        StandardNotFoundError: the version is not there.
        DocumentError: the lock cannot be read.

    """
    path = spec_folder(version, root) / LOCK_NAME
    if not path.is_file():
        return None
    document: Any = load_document(path)
    for member, kind in _MEMBERS.items():
        if not isinstance(document, dict) or not isinstance(document.get(member), kind):
            raise DocumentError(f"expected a lock with the member {member!r}", file=str(path))
    if document["version"] != version:
        reason = f"expected the lock of version {version}, got that of {document['version']!r}"
        raise DocumentError(reason, file=str(path))
    return Lock(**{member: document[member] for member in _MEMBERS})


def freeze(version: str, root: Path, date: datetime.date, mistakes: list[Finding]) -> Lock:
    """Write the lock of a version. `mistakes` are what its inspection found.

    Raises:
        StandardNotFoundError: the version is not there.
        FreezeRefusedError: it is frozen already, not in order or not complete, or an older
            version is not frozen.

    """
    catalogue = load_catalogue(version, root)
    reasons = list(_reasons(catalogue, root, mistakes))
    if reasons:
        listed = "".join(f"\n  {reason}" for reason in reasons)
        raise FreezeRefusedError(f"version {version} cannot be frozen:{listed}")
    lock = Lock(
        version=version,
        date=date.isoformat(),
        catalogue=catalogue.digest,
        requirements={item.id: item.digest for item in catalogue.requirements},
        files=_digests(version, root),
    )
    document = {member: getattr(lock, member) for member in _MEMBERS}
    path = spec_folder(version, root) / LOCK_NAME
    partial = path.with_name(f".{LOCK_NAME}.partial")
    partial.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", "utf-8")
    os.replace(partial, path)
    return lock


def lock_findings(version: str, root: Path) -> Iterator[Finding]:
    """Yield what was changed in a version after it was frozen; nothing of a draft."""
    path = spec_folder(version, root) / LOCK_NAME
    try:
        lock = read_lock(version, root)
    except DocumentError as error:
        yield Finding(path.relative_to(root).as_posix(), 1, "frozen", error.reason)
        return
    if lock is None:
        return
    digests = _digests(version, root)
    for file in sorted(lock.files.keys() | digests.keys()):
        if file not in digests:
            yield Finding(file, 1, "frozen", f"is missing, {_advice(lock, file, root)}")
        elif file not in lock.files:
            yield Finding(file, 1, "frozen", f"was added, {_advice(lock, file, root, added=True)}")
        elif digests[file] != lock.files[file]:
            yield from _changes(lock, file, root)


def _changes(lock: Lock, file: str, root: Path) -> Iterator[Finding]:
    """Yield a finding at each changed requirement of a file, else one at its top."""
    catalogue = load_catalogue(lock.version, root)
    advice = _advice(lock, file, root)
    changed = [
        item
        for item in catalogue.requirements
        if item.file == file and lock.requirements.get(item.id) != item.digest
    ]
    for item in changed:
        what = "changed in what it demands" if item.id in lock.requirements else "was added"
        yield Finding(file, item.line, "frozen", f"{item.id} {what}, {advice}")
    if not changed:
        yield Finding(file, 1, "frozen", f"was changed, {advice}")


def _advice(lock: Lock, file: str, root: Path, *, added: bool = False) -> str:
    later = [name for name in versions(root) if version_key(name) > version_key(lock.version)]
    major, minor = version_key(lock.version)
    following = later[-1] if later else f"{major}.{minor + 1}"
    back = "take it out" if added else f"put it back (git checkout -- {file})"
    where = f"in spec/{following}" if later else f"in the next one (drs spec open {following})"
    return (
        f"but version {lock.version} is frozen since {lock.date} and never changes; {back} and "
        f"make the change {where}"
    )


def _reasons(catalogue: Catalogue, root: Path, mistakes: list[Finding]) -> Iterator[str]:
    version = catalogue.version
    if read_lock(version, root) is not None:
        yield "it is frozen already"
        return
    older = [name for name in versions(root) if version_key(name) < version_key(version)]
    for name in older:
        if read_lock(name, root) is None:
            yield f"version {name} before it is still a draft"
    yield from map(str, mistakes)
    for item in catalogue.requirements:
        if item.excluded is not None and item.excluded.startswith("pending"):
            yield f"{item.file}:{item.line}: {item.id} is {item.excluded}"


def _digests(version: str, root: Path) -> dict[str, str]:
    digests = {}
    for base in (spec_folder(version, root), schema_folder(version, root)):
        for path in sorted(base.rglob("*")):
            if path.is_file() and path.name != LOCK_NAME:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digests[path.relative_to(root).as_posix()] = f"sha256:{content}"
    return digests
