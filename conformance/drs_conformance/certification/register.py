"""The register of a target: every attempt at certification, on lines that form a chain.

Lines are only ever added. An attempt that was registered and never begun stays, as does one that
began and did not end.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drs_conformance.chain import FIRST_PREV, ChainBroken, line_digest, link, read_link
from drs_conformance.specification.schemas import problems

if sys.platform != "win32":
    import fcntl

__all__ = [
    "REGISTER_NAME",
    "Register",
    "RegisterFault",
    "RegisterWriter",
    "parse_register",
    "read_register",
    "register_writer",
]

REGISTER_NAME = "attempts.jsonl"
Record = Mapping[str, Any]


class RegisterFault(Exception):
    """A register cannot be read or written, or is not what was written."""


@dataclass(frozen=True, slots=True)
class Register:
    """The lines of a register whose chain holds; `content` are its bytes."""

    records: tuple[Record, ...]
    content: bytes
    last: str

    @property
    def head(self) -> str:
        """Digest of the last line."""
        return f"sha256:{self.last}"

    @property
    def id(self) -> str:
        """Identifier of the register."""
        return str(self.records[0]["register"])

    @property
    def target(self) -> Record:
        """What all attempts in it are about: root, dialect and model."""
        target: Record = self.records[0]["target"]
        return target

    @property
    def registrations(self) -> tuple[Record, ...]:
        """Every registration, in order."""
        return tuple(r["registration"] for r in self.records if r["kind"] == "registered")

    def of_attempt(self, kind: str, attempt: int) -> Record | None:
        """Return the line `kind` (began or ended) of an attempt, or None."""
        found = (r for r in self.records if r["kind"] == kind and r["attempt"] == attempt)
        return next(found, None)

    def until(self, head: str) -> Register | None:
        """Return the register as it was when its last line had the digest `head`, or None."""
        lines = self.content.splitlines(keepends=True)
        for count, line in enumerate(lines, start=1):
            if f"sha256:{line_digest(line[:-1])}" == head:
                return parse_register(b"".join(lines[:count]))
        return None


def parse_register(content: bytes) -> Register:
    """Read the bytes of a register; of none at all too.

    Raises:
        RegisterFault: a line does not follow from the one before, or cannot stand there.

    """
    *lines, tail = content.split(b"\n")
    if tail:
        raise RegisterFault(f"line {len(lines) + 1} was cut off while it was written")
    records: list[Record] = []
    prev = FIRST_PREV
    for number, line in enumerate(lines, start=1):
        try:
            record = read_link(number, line, prev)
        except ChainBroken as error:
            raise RegisterFault(str(error)) from None
        fault = _fault(record, records)
        if fault is not None:
            raise RegisterFault(f"line {number}: {fault}")
        records.append(record)
        prev = line_digest(line)
    return Register(tuple(records), content, prev)


def read_register(path: Path) -> Register:
    """Read and check a register that was opened. Raises `RegisterFault`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RegisterFault(f"could not read the register {path}: {error.strerror}") from None
    try:
        register = parse_register(content)
    except RegisterFault as error:
        raise RegisterFault(f"{path}: {error}") from None
    if not register.records:
        raise RegisterFault(f"{path}: expected a register, got an empty file")
    return register


def _fault(record: Record, before: list[Record]) -> str | None:
    """Return why a record cannot follow those before it."""
    faults = problems("register-record", record)
    if faults:
        return str(faults[0])
    kind = record["kind"]
    if (kind == "opened") != (not before):
        return "expected the line `opened` first and only there"
    registered = sum(r["kind"] == "registered" for r in before)
    if kind == "registered":
        attempt = record["registration"]["attempt"]
        register = record["registration"]["register"]
        stands = {
            "id": before[0]["register"],
            "records": len(before),
            "head": f"sha256:{record['prev']}",
        }
        if attempt != registered + 1:
            return f"expected the attempt {registered + 1}, got {attempt}"
        if register != stands:
            return "the registration was not made for this place of this register"
    if kind in ("began", "ended"):
        same = {r["kind"] for r in before if r.get("attempt") == record["attempt"]}
        if record["attempt"] > registered:
            return f"the attempt {record['attempt']} was not registered before"
        if kind in same or (kind == "ended" and "began" not in same):
            return f"the attempt {record['attempt']} cannot have {kind} here"
    return None


class RegisterWriter:
    """A register that nobody else writes to at the same time."""

    def __init__(self, path: Path, file: int, register: Register) -> None:
        """Use `register_writer` instead."""
        self._path = path
        self._file = file
        self.register = register

    def append(self, record: Record) -> None:
        """Add a line; it survives a crash once this returns. Raises `RegisterFault`."""
        line = link(record, len(self.register.records) + 1, self.register.last) + b"\n"
        grown = parse_register(self.register.content + line)
        try:
            os.write(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            raise RegisterFault(f"could not write {self._path}: {error.strerror}") from None
        self.register = grown


@contextlib.contextmanager
def register_writer(path: Path) -> Iterator[RegisterWriter]:
    """Open a register for writing, and make the file where there is none.

    Raises:
        RegisterFault: it cannot be written, or is not in order.

    """
    try:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        raise RegisterFault(f"could not write the register {path}: {error.strerror}") from None
    try:
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield RegisterWriter(path, file, parse_register(path.read_bytes()))
        except RegisterFault as error:
            raise RegisterFault(f"{path}: {error}") from None
    finally:
        os.close(file)
