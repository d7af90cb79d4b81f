"""What is wrong with the text of the standard, and where."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake in the standard or between the standard and its checks.

    `file` is a path below the root where the mistake lies below it; `line` counts from one;
    `rule` is the short name of the rule that is broken.
    """

    file: str
    line: int
    rule: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """Return the finding as compilers print theirs."""
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"
