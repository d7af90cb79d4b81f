"""Opening the next version: a copy of one before, whose own number is replaced where it stands.

The number stands in the `$id` of schemas, in members `drs_version`, `version` and `const`, and in
paths. `since` keeps it: a requirement doesn't become new by being copied. So do chapters, in which
it is prose.
"""

import re
import shutil
from pathlib import Path

from drs_conformance.specification.location import (
    LOCK_NAME,
    is_version,
    schema_folder,
    spec_folder,
    version_key,
    versions,
)

_FOLDERS = ("spec", "schemas")


class OpenRefusedError(Exception):
    """A version cannot be opened; nothing was written."""


def open_version(new: str, source: str, root: Path) -> list[Path]:
    """Copy `source` to the version `new` and return the folders that were made.

    Raises:
        StandardNotFoundError: the source is not there.
        OpenRefusedError: `new` is no number of a version, is there already, or is not the
            newest.

    """
    if not is_version(new):
        raise OpenRefusedError(f"expected a version such as 0.2, got {new!r}")
    newest = versions(root)[-1]
    if version_key(new) <= version_key(newest):
        raise OpenRefusedError(f"expected a version after {newest}, which is there, got {new}")
    sources = (spec_folder(source, root), schema_folder(source, root))
    targets = [root / kind / new for kind in _FOLDERS]
    for path in targets:
        if path.exists():
            raise OpenRefusedError(f"expected no {path}, which a version would be made in")
    partial = [path.with_name(f".{new}.partial") for path in targets]
    try:
        for old, made in zip(sources, partial, strict=True):
            shutil.rmtree(made, ignore_errors=True)
            shutil.copytree(old, made, ignore=shutil.ignore_patterns(LOCK_NAME))
            _renumber(made, source, new)
        # The text last: a version is there once its text is.
        for made, path in reversed(list(zip(partial, targets, strict=True))):
            made.rename(path)
    except OSError:
        for path in targets:
            shutil.rmtree(path, ignore_errors=True)
        raise
    finally:
        for made in partial:
            shutil.rmtree(made, ignore_errors=True)
    return targets


def renumbered(text: str, old: str, new: str, suffix: str) -> str:
    """Return the text of a file of version `old` as it would stand in `new`."""
    number = re.escape(old)
    text = re.sub(rf"\b(schemas|spec)/{number}/", rf"\g<1>/{new}/", text)
    if suffix == ".json":
        members = r'"(?:drs_version|version|const)"'
        return re.sub(rf'({members}:\s*"){number}"', rf'\g<1>{new}"', text)
    return re.sub(rf'^(version: "){number}"', rf'\g<1>{new}"', text, flags=re.M)


def _renumber(folder: Path, old: str, new: str) -> None:
    for path in folder.rglob("*"):
        if path.suffix in {".json", ".yaml"}:
            text = path.read_text("utf-8")
            path.write_text(renumbered(text, old, new, path.suffix), "utf-8")
