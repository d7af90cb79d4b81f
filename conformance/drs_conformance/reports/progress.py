"""A live line about what is being checked."""

from __future__ import annotations

import os
from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.text import Text

from drs_conformance.reports.plain_text import one_line
from drs_conformance.verdicts import Verdict

__all__ = ["Progress"]

_SPINNER = 2
"""Columns that the spinner and the space behind it take."""


class Progress:
    """Shows the check that runs, on a terminal; silent elsewhere and in CI."""

    def __init__(self, console: Console, total: int) -> None:
        self._total = total
        self._done = 0
        self._status: Status | None = None
        # A console may be told to colour a file; a line that redraws itself has no place there.
        if console.is_terminal and console.file.isatty() and not os.environ.get("CI"):
            self._status = Status("", console=console, spinner="line")
            self._status.start()

    def checking(self, requirement: str, title: str) -> None:
        """Say which check begins."""
        if self._status is not None:
            line = Text(f"{self._done}/{self._total}  {one_line(f'{requirement} {title}')}")
            line.truncate(max(self._status.console.width - _SPINNER, 1), overflow="crop")
            self._status.update(line)

    def finished(self, requirement: str, verdict: Verdict) -> None:
        """Count a check that ended."""
        self._done += 1

    def stop(self) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
