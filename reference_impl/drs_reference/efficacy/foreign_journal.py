"""What was asked of a foreign teacher and what it said: kept before it is used, never sent twice.

A line says that a request is about to be sent; it is on the disk before the request is. Another
says what came. So the bound on requests holds over every run in a folder, whatever ends them.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedRandom
from pathlib import Path
from threading import Lock
from typing import Any

from drs_reference.efficacy.foreign_file import ForeignError
from drs_reference.efficacy.harvest import Plan

__all__ = ["BoundReachedError", "ForeignJournal", "Said", "Slot"]


class BoundReachedError(Exception):
    """As many requests were sent as the file allows."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One answer of a corpus: prompt ``number`` of a seed, asked by an account, once more."""

    condition: str
    plan: Plan
    seed: int
    number: int
    account: int
    repeat: int

    @property
    def name(self) -> str:
        """The name under which the answer is kept."""
        return (
            f"{self.condition}/{self.plan.name}/{self.seed}/"
            f"{self.number}/{self.account}/{self.repeat}"
        )


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; one that is ``declined`` has the text of the refusal."""

    text: str
    declined: bool = False


@dataclass(slots=True)
class ForeignJournal:
    """The journal of one folder, open in one process at a time; threads may share it."""

    path: Path
    requests_max: int
    sent: int = 0
    said: dict[str, Said] = field(default_factory=dict)
    _file: BufferedRandom | None = None
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    @contextmanager
    def opened(
        cls, path: Path, teacher: Mapping[str, Any], requests_max: int
    ) -> Iterator[ForeignJournal]:
        """The journal at a path, gone on with if it is there.

        Raises ``ForeignError`` if it is another teacher's, in use, or broken.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ForeignError(f"{path} is in use by another run: wait for its end") from None
            journal = cls(path, requests_max, _file=file)
            journal._go_on(teacher)
            yield journal

    def sending(self, slot: Slot) -> None:
        """Count a request that is about to be sent. Raises ``BoundReachedError``."""
        with self._lock:
            if self.sent >= self.requests_max:
                raise BoundReachedError
            self.sent += 1
            self._append({"sending": slot.name})

    def keep(self, slot: Slot, said: Said) -> None:
        """Keep an answer."""
        with self._lock:
            self.said[slot.name] = said
            self._append({"got": slot.name, "text": said.text, "declined": said.declined})

    def _append(self, line: Mapping[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _go_on(self, teacher: Mapping[str, Any]) -> None:
        assert self._file is not None
        whole = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n"):
                break  # a run was killed while it wrote; what it wrote of was not used yet
            whole += len(line)
            try:
                self._take(json.loads(line), teacher, number == 1)
            except (AttributeError, LookupError, TypeError, ValueError):
                raise ForeignError(
                    f"{self.path}, line {number}: expected a line of a harvest; got "
                    f"{line[:60]!r}. Put it right, or choose another --out"
                ) from None
        self._file.seek(whole)
        self._file.truncate()
        if whole == 0:
            self._append({"teacher": teacher})

    def _take(self, line: Mapping[str, Any], teacher: Mapping[str, Any], first: bool) -> None:
        if first:
            for name, value in teacher.items():
                if line["teacher"].get(name) != value:
                    raise ForeignError(
                        f"{self.path} was harvested with {name} {line['teacher'].get(name)!r}, "
                        f"now {value!r} is asked for: choose another --out"
                    )
        elif "sending" in line:
            self.sent += 1
        else:
            self.said[line["got"]] = Said(str(line["text"]), bool(line["declined"]))
