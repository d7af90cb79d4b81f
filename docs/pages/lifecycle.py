"""How far a version of the standard is: read from its files, shown as a banner and a page.

A version is frozen once its folder has a lock file, and a draft until then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from drs_conformance.specification.location import versions
from drs_conformance.specification.versioning.lock import read_lock

__all__ = ["Version", "banner", "read_versions", "versions_json", "versions_page"]


@dataclass(frozen=True, slots=True)
class Version:
    """A version and the day on which it was frozen, None for a draft."""

    name: str
    frozen_on: str | None

    @property
    def state(self) -> str:
        """Return `frozen` or `draft`."""
        return "draft" if self.frozen_on is None else "frozen"


def read_versions(root: Path) -> list[Version]:
    """Return the versions below ``root``, the newest first. Raises DocumentError."""
    locks = {name: read_lock(name, root) for name in reversed(versions(root))}
    return [Version(name, lock and lock.date) for name, lock in locks.items()]


def banner(version: Version, newest: Version, base: str = "") -> str:
    """Return what to know about a version before reading it; ``base`` leads to the newest home."""
    if version != newest:
        kind, title = "warning", "Older version"
        text = f"This is version {version.name}; the newest is [{newest.name}]({base}versions.md)."
    elif version.frozen_on is None:
        kind, title = "warning", "Draft"
        text = f"Version {version.name} is a draft. It may change without notice."
    else:
        kind, title = "info", "Frozen"
        text = (
            f"Version {version.name} was frozen on {version.frozen_on}. Its text does not change."
        )
    return f'!!! {kind} "{title}"\n    {text}\n'


def versions_page(versions: Iterable[tuple[Version, str]]) -> str:
    """Return the page that lists versions, each with the page where it begins."""
    lines = [
        "# Versions",
        "",
        "A draft may change without notice. A frozen version has a lock file beside its chapters "
        "and does not change; what has to change goes into the next version.",
        "",
        "| version | state | since |",
        "| --- | --- | --- |",
    ]
    for version, page in versions:
        since = version.frozen_on or ""
        lines.append(f"| [{version.name}]({page}) | {version.state} | {since} |")
    return "\n".join([*lines, ""])


def versions_json(versions: Iterable[Version]) -> str:
    """Return the versions in the form of `versions.json` of mike, the newest as `latest`."""
    entries = [
        {"version": item.name, "title": f"{item.name} ({item.state})", "aliases": []}
        for item in versions
    ]
    if entries:
        entries[0]["aliases"] = ["latest"]
    return json.dumps(entries, indent=2) + "\n"
