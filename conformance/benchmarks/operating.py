"""How often whole runs over HTTP find what they should, and cry wolf: `make bench-operating`.

Cells are the reference endpoint in the full profile, and with `--only` its requirement each graded
mutant at each strength and each one that goes wrong on few inputs. Every cell is written as soon as
it is done; a run that is cut off goes on where it stopped. `--cells` and `--runs` choose less.
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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from endpoints import Endpoint, drs, reference, serving
from mutants import MUTANTS

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "measurements" / "operating.json"
REFERENCE = "reference"
RARE = "rare"


def cells() -> list[str]:
    """Name every cell: the reference endpoint, mutant@strength and mutant@rare."""
    graded = [
        f"{mutant.name}@{strength}" for mutant in MUTANTS.values() for strength in mutant.strengths
    ]
    return [
        REFERENCE,
        *graded,
        *(f"{mutant.name}@{RARE}" for mutant in MUTANTS.values() if mutant.rare),
    ]


def measure(cell: str, runs: int, scratch: Path) -> dict[str, Any]:
    """Run a cell with the seeds 1 to ``runs``."""
    name, _, strength = cell.partition("@")
    mutants = ROOT / "conformance" / "tests" / "mutants"
    command = [sys.executable, mutants, name]
    if strength != RARE:
        command += ["--strength", strength]
    only = sorted(MUTANTS[name].breaks) if strength else []
    server = serving(command, scratch / "target") if strength else reference(scratch / "target")
    verdicts: Counter[str] = Counter()
    requests = []
    with server as endpoint:
        for seed in range(1, runs + 1):
            result = run(endpoint, scratch / f"run-{seed}", seed, only)
            requests.append(result["spent"]["requests"])
            for entry in result["requirements"]:
                if entry["outcome"] and (not only or entry["id"] in only):
                    verdicts[entry["outcome"]["verdict"]] += 1
            print(f"{cell} {seed}/{runs}: {dict(verdicts)}", flush=True)
    return {
        "runs": runs,
        "requirements": only or "all",
        "verdicts": dict(sorted(verdicts.items())),
        "requests_mean": round(sum(requests) / len(requests), 1),
        "requests_max": max(requests),
    }


def run(endpoint: Endpoint, out: Path, seed: int, only: list[str]) -> Mapping[str, Any]:
    """Run the full profile once."""
    selection = ["--only", ",".join(only)] if only else []
    arguments = ["--target", endpoint.target, "--profile", "full", "--seed", seed, "--out", out]
    done = drs(
        *("run", *map(str, arguments), *selection),
        environment=endpoint.credentials,
        folder=out,
        timeout_s=3600,
    )
    assert done.code in (0, 1, 3), done.stderr
    result: Mapping[str, Any] = done.result
    return result


def main() -> None:
    """Measure the cells that are missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="of each cell (reference: twice that)")
    parser.add_argument("--cells", nargs="*", default=cells(), metavar="CELL")
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args()
    table: dict[str, Any] = {"command": "make bench-operating", "cells": {}}
    if options.table.exists():
        table = json.loads(options.table.read_text("utf-8"))
    for cell in options.cells:
        if cell not in table["cells"]:
            runs = 2 * options.runs if cell == REFERENCE else options.runs
            with tempfile.TemporaryDirectory() as scratch:
                table["cells"][cell] = measure(cell, runs, Path(scratch))
            table["machine"] = f"{platform.machine()}, {os.cpu_count()} cores"
            table["commit"] = commit()
            options.table.parent.mkdir(parents=True, exist_ok=True)
            options.table.write_text(json.dumps(table, indent=2) + "\n", "utf-8")
    print(f"\n{'cell':58} {'runs':>4} {'mean requests':>13}  verdicts")
    for cell, found in table["cells"].items():
        said = ", ".join(f"{count} {verdict}" for verdict, count in found["verdicts"].items())
        print(f"{cell:58} {found['runs']:4} {found['requests_mean']:13.0f}  {said}")


def commit() -> str:
    """Return the commit that was measured."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
