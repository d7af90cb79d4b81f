"""How often whole runs over HTTP find what they should, and cry wolf: `make bench-operating`.

Three kinds of cell: the reference endpoint, on which nothing may fail; each graded mutant at each
strength, `MUTANT@STRENGTH`, and each that goes wrong on few inputs, `MUTANT@rare`, with `--only`
what it breaks; and `full:MUTANT`, one run of everything, of which exactly that has to fail. Every
cell is written as soon as it is done; a benchmark that is cut off goes on where it stopped.
`--cells` and `--runs` choose less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from endpoints import Endpoint, drs, reference, serving
from mutants import MUTANTS
from mutants.mutant import STRONG

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "measurements" / "operating.json"
ENGINE = TABLE.with_name("decision_engine.json")
REFERENCE = "reference"
FULL = "full:"
GRADED_AT = "middle"
RARE = "rare"
ACCOUNTS = ("--accounts", "2")
MISSES_MAX = 1
SAVING_MIN = 5
RUN_TIMEOUT_S = 3600


@dataclass(frozen=True)
class Cell:
    """What is served, which requirements are run (all when ``only`` is empty), and how often."""

    name: str
    mutant: str | None
    strength: str | None
    only: tuple[str, ...]
    runs: int

    @classmethod
    def named(cls, name: str, runs: int) -> Cell:
        """Read the name of a cell; every mutant is run ``runs`` times, of everything once."""
        if name == REFERENCE:
            return cls(name, None, None, (), runs)
        if name.startswith(FULL):
            mutant = name.removeprefix(FULL)
            graded = MUTANTS[mutant].strengths
            return cls(name, mutant, GRADED_AT if GRADED_AT in graded else STRONG, (), 1)
        mutant, _, strength = name.partition("@")
        return cls(name, mutant, strength, tuple(sorted(MUTANTS[mutant].breaks)), runs)

    @property
    def has_to_fail(self) -> frozenset[str]:
        """What a run has to fail; a weak mutant may pass."""
        if self.mutant is None or self.strength == "weak":
            return frozenset()
        return MUTANTS[self.mutant].breaks


def cells() -> list[str]:
    """Name every cell."""
    graded = [f"{name}@{strength}" for name, one in MUTANTS.items() for strength in one.strengths]
    ungraded = {name: one for name, one in MUTANTS.items() if not one.strengths}
    rare = [f"{name}@{RARE}" for name, one in ungraded.items() if one.rare or one.subtle]
    return [REFERENCE, *graded, *rare, *(f"{FULL}{name}" for name in MUTANTS)]


def measure(cell: Cell, profile: str) -> dict[str, Any]:
    """Run a cell with the seeds 1 to ``cell.runs``.

    ``fails`` and ``open`` count the runs in which a requirement failed, and those in which it came
    to no verdict though nothing that failed stood in its way.
    """
    verdicts: Counter[str] = Counter()
    fails: Counter[str] = Counter()
    undecided: Counter[str] = Counter()
    requests = []
    seeds = list(range(1, cell.runs + 1))
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with _served(cell, scratch / "target") as endpoint:
            for seed in seeds:
                result = _run(endpoint, scratch / f"run-{seed}", seed, cell.only, profile)
                requests.append(result["spent"]["requests"])
                for identifier, outcome in _outcomes(result, cell.only):
                    verdicts[outcome["verdict"]] += 1
                    fails[identifier] += outcome["verdict"] == "fail"
                    undecided[identifier] += _is_open(outcome)
                print(f"{cell.name} {seed}/{cell.runs}: {dict(verdicts)}", flush=True)
    return {
        "commit": commit(),
        "strength": cell.strength,
        "only": list(cell.only),
        "seeds": seeds,
        "requests": requests,
        "verdicts": dict(sorted(verdicts.items())),
        "fails": {identifier: n for identifier, n in sorted(fails.items()) if n},
        "open": {identifier: n for identifier, n in sorted(undecided.items()) if n},
    }


def _served(cell: Cell, folder: Path) -> Any:
    if cell.mutant is None:
        return reference(folder)
    command = [sys.executable, ROOT / "conformance" / "tests" / "mutants", cell.mutant]
    if MUTANTS[cell.mutant].strengths:
        command += ["--strength", cell.strength or STRONG]
    if MUTANTS[cell.mutant].witnessed:
        command += ACCOUNTS
    return serving(command, folder)


def _run(
    endpoint: Endpoint, out: Path, seed: int, only: tuple[str, ...], profile: str
) -> Mapping[str, Any]:
    selection = ["--only", ",".join(only)] if only else []
    arguments = ["--target", endpoint.target, "--profile", profile, "--seed", seed, "--out", out]
    done = drs(
        "run",
        *map(str, arguments),
        *selection,
        environment=endpoint.credentials,
        folder=out,
        timeout=RUN_TIMEOUT_S,
    )
    assert done.code in (0, 1, 3), done.stderr
    result: Mapping[str, Any] = done.result
    return result


def _outcomes(
    result: Mapping[str, Any], only: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in result["requirements"]:
        if entry["outcome"] is not None and (not only or entry["id"] in only):
            yield entry["id"], entry["outcome"]


def _is_open(outcome: Mapping[str, Any]) -> bool:
    verdict, blocked = outcome["verdict"], outcome["blocked_by"]
    return verdict in ("inconclusive", "harness-error") or (
        verdict == "untestable" and blocked is None
    )


def missed(name: str, found: Mapping[str, Any]) -> dict[str, int]:
    """Return by requirement in how many runs of a cell it did not fail though it had to."""
    runs = len(found["seeds"])
    counts = {i: runs - found["fails"].get(i, 0) for i in Cell.named(name, 1).has_to_fail}
    return {identifier: count for identifier, count in counts.items() if count}


def cried_wolf(name: str, found: Mapping[str, Any]) -> dict[str, int]:
    """Return by requirement in how many runs of everything it failed though it holds."""
    cell = Cell.named(name, 1)
    if cell.only:
        return {}
    broken = MUTANTS[cell.mutant].breaks if cell.mutant else frozenset()
    return {identifier: n for identifier, n in found["fails"].items() if identifier not in broken}


def main() -> int:
    """Measure the cells that are missing and print the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="of a graded mutant")
    parser.add_argument("--reference-runs", type=int, default=40)
    parser.add_argument("--cells", nargs="*", default=cells(), metavar="CELL")
    parser.add_argument("--profile", choices=("smoke", "full"), default="full")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="cells at a time")
    parser.add_argument("--table", type=Path, default=TABLE, help="default: %(default)s")
    options = parser.parse_args()
    if unknown := set(options.cells) - set(cells()):
        parser.error(f"expected cells like {', '.join(cells()[:2])}, got {', '.join(unknown)}")
    table: dict[str, Any] = {"cells": {}}
    if options.table.exists():
        table = json.loads(options.table.read_text("utf-8"))
    wanted = [name for name in options.cells if name not in table["cells"]]
    with ThreadPoolExecutor(options.jobs) as pool:
        running = {}
        for name in wanted:
            runs = options.reference_runs if name == REFERENCE else options.runs
            running[pool.submit(measure, Cell.named(name, runs), options.profile)] = name
        for done in as_completed(running):
            table = {
                "command": f"make bench-operating: --profile {options.profile}",
                "machine": f"{platform.machine()}, {os.cpu_count()} cores",
                "cells": _in_order({**table["cells"], running[done]: done.result()}),
            }
            _write(table, options.table)
    return _summary(table["cells"])


def _write(table: Mapping[str, Any], path: Path) -> None:
    """Write the table, a line a cell."""
    head = [f" {json.dumps(name)}: {json.dumps(table[name])}," for name in table if name != "cells"]
    lines = [f"  {json.dumps(name)}: {json.dumps(cell)}" for name, cell in table["cells"].items()]
    text = "\n".join(["{", *head, ' "cells": {', ",\n".join(lines), " }", "}"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", "utf-8")


def _in_order(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in cells() if name in found}


def _summary(found: Mapping[str, Any]) -> int:
    print(f"\n{'cell':58} {'runs':>4} {'mean requests':>13}  verdicts")
    for name, cell in found.items():
        said = ", ".join(f"{count} {verdict}" for verdict, count in cell["verdicts"].items())
        mean = sum(cell["requests"]) / len(cell["requests"])
        print(f"{name:58} {len(cell['seeds']):4} {mean:13.0f}  {said}")
    print()
    misses = 0
    for name, cell in found.items():
        for identifier, count in missed(name, cell).items():
            misses += count
            print(f"{name}: {identifier} did not fail in {count} of {len(cell['seeds'])} runs")
    for name, cell in found.items():
        if not Cell.named(name, 1).only:
            for identifier, count in cell["open"].items():
                print(f"{name}: {identifier} came to no verdict in {count} runs")
    wolf = [
        (name, *each) for name, cell in found.items() for each in cried_wolf(name, cell).items()
    ]
    for name, identifier, count in wolf:
        print(f"{name}: {identifier} failed in {count} runs though it holds")
    print(f"{misses} misses, at most {MISSES_MAX}; {len(wolf)} false alarms, at most 0.")
    low = _saving(found)
    return 1 if misses > MISSES_MAX or wolf or low else 0


def _saving(found: Mapping[str, Any]) -> bool:
    """Say how many times as much tests of fixed size would send; return whether it is too little.

    Their sizes are those of `make bench-statistics`.
    """
    if REFERENCE not in found or not ENGINE.exists():
        return False
    requests, nights = found[REFERENCE]["requests"], json.loads(ENGINE.read_text("utf-8"))["nights"]
    fixed = nights["whole"]["fixed"] + nights["whole"]["other_requests"]
    saving = fixed * len(requests) / sum(requests)
    print(f"Tests of fixed size send {fixed}, {saving:.2f} times as many; at least {SAVING_MIN}.")
    return saving < SAVING_MIN


def commit() -> str:
    """Return the commit that is measured, shortened."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
