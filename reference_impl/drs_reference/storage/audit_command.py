"""``drs-reference audit``: the audit trail for somebody who verifies it elsewhere, offline."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from drs_reference.server_process import ServeError, storage_path
from drs_reference.standard import StandardNotFoundError
from drs_reference.storage.audit import START, AuditChainError, check_chain
from drs_reference.storage.audit_lines import AuditLineError, read_trail, written
from drs_reference.storage.base import StorageError
from drs_reference.storage.sqlite import audit_of
from drs_reference.whole_file import whole_file

__all__ = ["export", "verify"]


def export(storage: str, after: int, out: Path | None) -> int:
    """Write the records after the one of this number; the exit status.

    A server may use the storage meanwhile. Nothing is written unless the whole trail is in order.
    """
    try:
        with audit_of(storage_path(storage)) as records:
            last = check_chain(records())
            end, head = (last.sequence, last.digest) if last else (0, START)
            if after > end:
                return _failed(f"--after {after}: the trail ends at {end}")
            with _writing(out) as file:
                file.writelines(written(one for one in records() if one.sequence > after))
    except AuditChainError as error:
        print(f"drs-reference: {error}", file=sys.stderr)
        return 1
    except (ServeError, StorageError, OSError) as error:
        return _failed(str(error))
    print(f"{end - after} records. Head: {head}", file=sys.stderr)
    return 0


def verify(path: Path, head: str | None) -> int:
    """Say whether exported records follow from each other and from an earlier head.

    The exit status: 0 they do, 1 they do not, 2 it could not be decided.
    """
    try:
        with path.open("rb") as file:
            trail = read_trail(file, head)
    except AuditLineError as error:
        print(f"{path}: {error}")
        return 1
    except (OSError, StandardNotFoundError) as error:
        return _failed(f"{path} cannot be read: {error}")
    if head is not None and not trail.passes:
        print(
            f"{path}: the earlier head {head} is not in this chain: what came before it was "
            "changed, or the export begins later"
        )
        return 1
    if head is None and trail.first > 1:
        return _failed(
            f"{path} begins with record {trail.first}: name the head that was recorded when "
            "it was not yet written, with --head"
        )
    count = trail.last - trail.first + 1
    print(f"{count} records, {trail.first} to {trail.last}, follow from each other.")
    if trail.kinds:
        print("  " + ", ".join(f"{n} {kind}" for kind, n in trail.kinds.most_common()))
    print(f"Head: {trail.head}")
    print("Whether more came after them cannot be seen here; keep the head for the next time.")
    return 0


@contextlib.contextmanager
def _writing(out: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that is there whole or not at all."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with whole_file(out) as file:
        yield file


def _failed(message: str) -> int:
    print(f"drs-reference: {message}", file=sys.stderr)
    return 2
