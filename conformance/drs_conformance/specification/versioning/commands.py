"""`drs spec freeze`, `open`, `diff` and `impact`."""

import argparse
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drs_conformance.specification.inspection import checks_folder, inspect_text, mutants_folder
from drs_conformance.specification.location import LOCK_NAME, latest_version, standard_root
from drs_conformance.specification.versioning.difference import Text, difference
from drs_conformance.specification.versioning.difference_views import (
    difference_document,
    difference_markdown,
    difference_text,
)
from drs_conformance.specification.versioning.impact import impact
from drs_conformance.specification.versioning.impact_views import impact_document, impact_text
from drs_conformance.specification.versioning.lock import freeze, read_lock
from drs_conformance.specification.versioning.opening import open_version

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Handler = Callable[[argparse.Namespace], int]


def add_versioning_commands(
    commands: "Subparsers",
    add_root: Callable[[argparse.ArgumentParser], None],
    guarded: Callable[[Handler], Handler],
) -> None:
    """Mount the commands below `drs spec`."""
    frozen = commands.add_parser(
        "freeze",
        help="lock a version, so that CI fails on any change to it",
        description="Write the lock of a version that is in order and in which nothing is pending.",
    )
    frozen.add_argument("version", metavar="VERSION")
    frozen.add_argument("--date", type=datetime.date.fromisoformat, help="default: today, in UTC")
    frozen.set_defaults(handler=guarded(_freeze))
    opened = commands.add_parser("open", help="begin the next version as a copy")
    opened.add_argument("version", metavar="VERSION", help="such as 0.2")
    opened.add_argument(
        "--from", dest="source", metavar="VERSION", help="what is copied (default: the newest)"
    )
    opened.set_defaults(handler=guarded(_open))
    diff = commands.add_parser(
        "diff",
        help="show what differs between two versions",
        description="Show requirements that were added, retired, re-levelled or changed, and "
        "whether each schema is compatible: whether what was valid stays valid. Exit code 1: an "
        "identifier vanished without being retired, or came back.",
    )
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    diff.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        default="text",
        help="markdown is a section of the changelog (default: %(default)s)",
    )
    diff.set_defaults(handler=guarded(_diff))
    touched = commands.add_parser(
        "impact",
        help="show what uncommitted edits touch",
        description="Compare the text and the schemas in the working tree with a commit, and show "
        "which requirements, schemas, checks, mutants, pages and claims the edits touch.",
    )
    touched.add_argument("--base", default="HEAD", metavar="COMMIT", help="default: %(default)s")
    touched.add_argument(
        "--claims",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="claim or result, or folder of them, whose pins are compared; may be repeated",
    )
    touched.add_argument("--format", choices=("text", "json"), default="text")
    touched.set_defaults(handler=guarded(_impact))
    for parser in (frozen, opened, diff, touched):
        add_root(parser)


def _freeze(arguments: argparse.Namespace) -> int:
    root = arguments.root or standard_root()
    date = arguments.date or datetime.datetime.now(datetime.UTC).date()
    mistakes = inspect_text(root, arguments.version)
    lock = freeze(arguments.version, root, date, mistakes)
    print(
        f"Version {lock.version} is frozen: {len(lock.requirements)} requirements, "
        f"{len(lock.files)} files, spec/{lock.version}/{LOCK_NAME}. Commit it."
    )
    return 0


def _open(arguments: argparse.Namespace) -> int:
    root = arguments.root or standard_root()
    source = arguments.source or latest_version(root)
    folders = open_version(arguments.version, source, root)
    made = " and ".join(path.relative_to(root).as_posix() for path in folders)
    print(f"Version {arguments.version} is open as a draft, a copy of {source}: {made}.")
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    root = arguments.root or standard_root()
    change = difference(Text.read(arguments.old, root), Text.read(arguments.new, root))
    if arguments.format == "json":
        print(json.dumps(difference_document(change), indent=2, ensure_ascii=False))
    elif arguments.format == "markdown":
        state = "draft" if read_lock(arguments.new, root) is None else "frozen"
        print(difference_markdown(change, state), end="")
    else:
        print(difference_text(change), end="")
    return 1 if change.faults else 0


def _impact(arguments: argparse.Namespace) -> int:
    root = arguments.root or standard_root()
    found = impact(
        root, arguments.base, checks_folder(root), mutants_folder(root), arguments.claims
    )
    if arguments.format == "json":
        print(json.dumps(impact_document(found), indent=2, ensure_ascii=False))
    else:
        print(impact_text(found, arguments.base), end="")
    return 0
