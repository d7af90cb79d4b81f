"""What output perturbation costs at the defaults of every mechanism: `make bench-perturbation`.

Budgets beside what is computed and sampled, what no mechanism may change, right answers lost, and
what votes win. `--quick` does a little of each, in seconds, to see that it works.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from perturbed import budgets, invariants, votes
from perturbed.mechanisms import BEST_OF_N, DURING

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "measurements" / "perturbation.json"


@dataclass(frozen=True)
class Size:
    """How much is asked: of so many ``pools`` prompts ``completions`` are drawn, twice."""

    responses: int
    prompts: int
    pools: int
    completions: int
    questions: int
    votes: int


FULL = Size(1000, 100, 12, 120, 10000, 200)
QUICK = Size(4, 2, 2, 4, 16, 2)


def main() -> int:
    """Measure, write, print the goals that are missed; 1 when one is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a little of everything")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    # Each process has a core; with more threads they would stand in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        document = {
            "command": "make bench-perturbation" + ": --quick" * options.quick,
            "commit": _commit(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "budgets": _budgets(pool, size),
            "invariants": _invariants(pool, size),
            "votes": _votes(pool, size),
        }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    missed = list(misses(document))
    print("\n".join(f"MISSED: {one}" for one in missed) or "Every goal is met.")
    return 1 if missed else 0


def misses(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the goals that a document of results misses."""
    for part in (budgets, invariants, votes):
        yield from part.misses(document[part.__name__.rpartition(".")[2]])


def _budgets(pool: Executor, size: Size) -> list[dict[str, Any]]:
    seen = defaultdict[str, budgets.Seen](budgets.Seen)
    for chunk in pool.map(budgets.during, _chunks(size.responses)):
        for name, found in chunk.items():
            seen[name].add(found)
    print(f"{size.responses} responses of each mechanism", flush=True)
    mean_laws: dict[str, list[float]] = {name: [] for name in (*DURING, BEST_OF_N)}
    for name in DURING:
        for values in pool.map(budgets.averages, repeat(name), _chunks(size.prompts)):
            mean_laws[name] += values
    for found, values in pool.map(budgets.whole, range(size.pools), repeat(size.completions)):
        seen[BEST_OF_N].add(found)
        mean_laws[BEST_OF_N] += values
    rows = [budgets.row(name, found, mean_laws[name]) for name, found in seen.items()]
    for row in rows:
        print(f"{row['mechanism']}: {row['one key']}, over keys {row['over keys']}", flush=True)
    return rows


def _invariants(pool: Executor, size: Size) -> list[dict[str, Any]]:
    found = defaultdict[str, Counter[str]](Counter)
    for chunk in pool.map(invariants.measured, _chunks(size.questions)):
        for name, counts in chunk.items():
            found[name] += counts
    rows = invariants.rows(found)
    for row in rows:
        print(f"{row['mechanism']}: {row['changed']}", flush=True)
    return rows


def _votes(pool: Executor, size: Size) -> list[dict[str, Any]]:
    found: dict[str, tuple[float, int]] = {}
    for chunk in pool.map(votes.single_and_voted, _chunks(size.votes)):
        for name, (single, voted) in chunk.items():
            before = found.get(name, (0.0, 0))
            found[name] = before[0] + single, before[1] + voted
    return [
        {
            "mechanism": name,
            "prompts": size.votes,
            "single": single / size.votes,
            "voted": voted / size.votes,
        }
        for name, (single, voted) in found.items()
    ]


def _chunks(count: int, parts: int = 20) -> Sequence[range]:
    size = max(2, -(-count // parts))
    return [range(first, min(count, first + size)) for first in range(0, count, size)]


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
