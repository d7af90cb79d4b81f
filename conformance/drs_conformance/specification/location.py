"""Where the text and the schemas of the standard lie, in a checkout and in an installed wheel."""

import importlib.util
from pathlib import Path

LATEST_VERSION = "0.1"


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


def spec_folder(version: str = LATEST_VERSION, root: Path | None = None) -> Path:
    """Return the folder of the normative text of `version`, which is major.minor."""
    return _versioned("spec", version, root)


def schema_folder(version: str = LATEST_VERSION, root: Path | None = None) -> Path:
    """Return the folder of the JSON Schemas of `version`, which is major.minor."""
    return _versioned("schemas", version, root)


def _versioned(kind: str, version: str, root: Path | None) -> Path:
    base = (root or standard_root()) / kind
    folder = base / version
    if not folder.is_dir():
        known = (
            sorted(entry.name for entry in base.iterdir() if entry.is_dir())
            if base.is_dir()
            else []
        )
        raise StandardNotFoundError(
            f"expected version {version} of the standard in {folder}, found no such folder; "
            f"versions that are there: {', '.join(known) or 'none'}"
        )
    return folder


def _holds_standard(folder: Path) -> bool:
    return (folder / "spec").is_dir() and (folder / "schemas").is_dir()
