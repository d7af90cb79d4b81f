"""A year's probability of a false FAIL, split beforehand and leased run by run.

The budget is a JSON file. A lease is durable before a run begins, so a run that is killed has used
its share: the sum over a year cannot exceed the budget, whatever happens to single runs.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["AlphaBudget", "BudgetError", "Lease"]


class BudgetError(Exception):
    """The budget is used up, is not there, or is not a budget."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The share of one run: at most this probability of a false FAIL, over all its verdicts."""

    run: str
    alpha: float


class AlphaBudget:
    """The budget in a file; several processes may lease from it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, alpha: float = 0.01, runs: int = 365) -> AlphaBudget:
        """Write a new budget of ``alpha`` for ``runs`` runs.

        Raises:
            BudgetError: there is a file already, or a number is out of range.

        """
        if not (0 < alpha < 1 and runs >= 1):
            raise BudgetError(f"expected alpha from 0 to 1 and a run, got {alpha} and {runs}")
        try:
            with path.open("x", encoding="utf-8") as file:
                json.dump({"alpha": alpha, "runs": runs, "leases": []}, file)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as error:
            raise BudgetError(f"expected no file at {path}, found one") from error
        return cls(path)

    def lease(self, run: str) -> Lease:
        """Take the share of one run; the same run gets the same share again.

        Raises:
            BudgetError: every share is taken, or the file cannot be read.

        """
        with self._locked() as document:
            for lease in document["leases"]:
                if lease["run"] == run:
                    return Lease(run, lease["alpha"])
            share = document["alpha"] / document["runs"]
            spent = math.fsum(lease["alpha"] for lease in document["leases"])
            if spent + share > document["alpha"] * (1 + 1e-9):
                raise BudgetError(
                    f"{self.path}: expected a share that is left, all {document['runs']} are "
                    "taken; a new year needs a new budget (`drs budget`)"
                )
            document["leases"].append({"run": run, "alpha": share})
            draft = self.path.with_name(f".{self.path.name}.draft")
            with draft.open("w", encoding="utf-8") as out:
                json.dump(document, out)
                out.flush()
                os.fsync(out.fileno())
            os.replace(draft, self.path)
            return Lease(run, share)

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Any]]:
        if not self.path.is_file():
            raise BudgetError(f"expected an alpha budget in {self.path}; `drs budget` makes one")
        lock = os.open(
            self.path.with_name(f".{self.path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                document = json.loads(self.path.read_text("utf-8"))
            except (OSError, ValueError) as error:
                raise BudgetError(f"expected an alpha budget in {self.path}: {error}") from error
            if not _is_budget(document):
                raise BudgetError(f"expected alpha, runs and leases in {self.path}, got others")
            yield document
        finally:
            os.close(lock)


def _is_budget(document: Any) -> bool:
    try:
        leases = {str(lease["run"]): float(lease["alpha"]) for lease in document["leases"]}
        sound = 0 < document["alpha"] < 1 and document["runs"] >= 1
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return sound and all(0 < alpha < 1 for alpha in leases.values())
