"""Where the text and the schemas of the standard lie, in a checkout and in an installed wheel."""

import importlib.util
import re
from pathlib import Path

LOCK_NAME = "frozen.lock"
_VERSION = re.compile(r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)")


class StandardNotFoundError(Exception):
    """No directory with the standard's `spec/` and `schemas/` could be found."""


def standard_root() -> Path:
    """Return the directory that holds `spec/` and `schemas/`.

    In a checkout that is the root of the repository; in a wheel it is the package data
    `drs_standard`.

    Raises:
        StandardNotFoundError: neither place holds the standard.

    """
    checkout = Path(__file__).resolve().parents[3]
    if _holds_standard(checkout):
        return checkout
    package = importlib.util.find_spec("drs_standard")
    for place in (package.submodule_search_locations or ()) if package else ():
        if _holds_standard(Path(place)):
            return Path(place)
    raise StandardNotFoundError(
        f"expected spec/ and schemas/ in {checkout} or in the installed package drs_standard, "
        "found them in neither; install distillation-resistance-standard again, "
        "or run from a complete checkout"
    )


def is_version(text: str) -> bool:
    """Tell whether a text is the number of a version: major.minor."""
    return _VERSION.fullmatch(text) is not None


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by: 0.10 comes after 0.9."""
    return tuple(map(int, version.split(".")))


def versions(root: Path | None = None) -> tuple[str, ...]:
    """Return the versions whose text is there, the oldest first."""
    base = (root or standard_root()) / "spec"
    names = (entry.name for entry in base.iterdir() if entry.is_dir()) if base.is_dir() else ()
    return tuple(sorted(filter(is_version, names), key=version_key))


def latest_version(root: Path | None = None) -> str:
    """Return the newest version, which may be a draft.

    Raises:
        StandardNotFoundError: there is none.

    """
    base = root or standard_root()
    found = versions(base)
    if not found:
        raise StandardNotFoundError(
            f"expected versions of the standard in {base / 'spec'}, found none"
        )
    return found[-1]


def standing_version(root: Path | None = None) -> str:
    """Return the version that endpoints are held against: the newest frozen one, else the newest.

    Raises:
        StandardNotFoundError: there is none.

    """
    base = root or standard_root()
    frozen = [name for name in versions(base) if (base / "spec" / name / LOCK_NAME).is_file()]
    return frozen[-1] if frozen else latest_version(base)


def spec_folder(version: str | None = None, root: Path | None = None) -> Path:
    """Return the folder of the normative text of a version (default: the newest)."""
    return _versioned("spec", version, root)


def schema_folder(version: str | None = None, root: Path | None = None) -> Path:
    """Return the folder of the JSON Schemas of a version (default: the newest)."""
    return _versioned("schemas", version, root)


def _versioned(kind: str, version: str | None, root: Path | None) -> Path:
    base = root or standard_root()
    folder = base / kind / (version or latest_version(base))
    if not folder.is_dir():
        raise StandardNotFoundError(
            f"expected version {version} of the standard in {folder}, found no such folder; "
            f"versions that are there: {', '.join(versions(base)) or 'none'}"
        )
    return folder


def _holds_standard(folder: Path) -> bool:
    return (folder / "spec").is_dir() and (folder / "schemas").is_dir()
