"""Smoke runs against an endpoint that complies in bad weather: `make bench-noise`.

Nothing may fail. A run is written down as soon as it is done; what is cut off goes on where it
stopped. Several endpoints serve at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from endpoints import TESTS, Endpoint, Run, drs, serving
from operating import ROOT, commit

TABLE = ROOT / "docs" / "measurements" / "noise.json"
RATES = ("0.01", "0.05")


class Runs:
    """The runs that are done, kept in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table: dict[str, Any] = {"command": "make bench-noise", "runs": {}}
        if path.exists():
            self.table = json.loads(path.read_text("utf-8"))
        self._lock = threading.Lock()

    def missing(self, rate: str, runs: int) -> list[int]:
        """Return the seeds from 1 to ``runs`` that are not done at a rate."""
        done = self.table["runs"].get(rate, {})
        return [seed for seed in range(1, runs + 1) if str(seed) not in done]

    def keep(self, rate: str, seed: int, run: Run) -> None:
        """Write down what a run came to."""
        verdicts = run.verdicts()
        found = {
            "verdicts": dict(sorted(Counter(verdicts.values()).items())),
            "not_passed": {name: got for name, got in verdicts.items() if got != "pass"},
            "requests": run.result["spent"]["requests"],
            "retries": sum(bool(record.get("retry_of")) for record in run.records()),
        }
        with self._lock:
            at_rate = self.table["runs"].setdefault(rate, {})
            at_rate[str(seed)] = found
            self.table["runs"][rate] = {
                str(key): at_rate[str(key)] for key in sorted(map(int, at_rate))
            }
            self.table["machine"] = f"{platform.machine()}, {os.cpu_count()} cores"
            self.table["commit"] = commit()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(self.table, indent=1) + "\n", "utf-8")
        print(f"{rate} {seed}: {found}", flush=True)


def measure(runs: Runs, rate: str, seeds: Iterable[int]) -> None:
    """Run some seeds against an endpoint of their own."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        command = [sys.executable, TESTS / "noisy_endpoint.py", rate]
        with serving(command, scratch / "target") as endpoint:
            for seed in seeds:
                runs.keep(rate, seed, smoke(endpoint, scratch / f"run-{seed}", seed))


def smoke(endpoint: Endpoint, out: Path, seed: int) -> Run:
    """Run the smoke profile once."""
    arguments = ("run", "--target", endpoint.target, "--seed", str(seed), "--out", out)
    done = drs(*arguments, environment=endpoint.credentials, folder=out, timeout=1800)
    assert done.code in (0, 1, 3), done.stderr
    return done


def main() -> int:
    """Do the runs that are missing and print the table; 1 when a verdict fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=100, help="at each rate")
    parser.add_argument("--endpoints", type=int, default=2, help="that serve at a time")
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args()
    runs = Runs(options.table)
    with ThreadPoolExecutor(options.endpoints) as pool:
        shares = [
            (rate, runs.missing(rate, options.runs)[first :: options.endpoints])
            for rate in RATES
            for first in range(options.endpoints)
        ]
        for done in [pool.submit(measure, runs, *share) for share in shares if share[1]]:
            done.result()
    bad = 0
    print(f"\n{'noise':>6} {'runs':>5} {'all pass':>9} {'retries a run':>14}  verdicts")
    for rate, found in runs.table["runs"].items():
        verdicts: Counter[str] = sum((Counter(r["verdicts"]) for r in found.values()), Counter())
        bad += verdicts["fail"] + verdicts["harness-error"]
        clean = sum(not r["not_passed"] for r in found.values())
        retries = sum(r["retries"] for r in found.values()) / len(found)
        said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
        print(f"{float(rate):6.0%} {len(found):5} {clean:9} {retries:14.1f}  {said}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
