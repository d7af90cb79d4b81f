"""What is wrong with a target file or an authorisation, told all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Problem", "TargetError"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `file` and `pointer` (JSON Pointer, empty for the whole file) say where; `line` counts from 1
    and is None where no line applies. No member ever holds a credential.
    """

    file: str
    pointer: str
    reason: str
    remedy: str
    line: int | None = None

    def __str__(self) -> str:
        """Return place, reason and remedy in one paragraph."""
        line = f":{self.line}" if self.line is not None else ""
        place = f" {self.pointer}" if self.pointer else ""
        return f"{self.file}{line}{place}: {self.reason}; {self.remedy}"


class TargetError(Exception):
    """A target file, or something that it names, is wrong. Nothing was sent."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
