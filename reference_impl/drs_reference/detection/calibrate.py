"""``python -m drs_reference.detection.calibrate``: write the calibrations of detection afresh."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from drs_reference.detection import detector, live
from drs_reference.detection.clusters import find_clusters
from drs_reference.detection.population import benign_hour, benign_window

WINDOWS = 2000
SEED = 20260101


def weekly(rng: Random, number: int) -> float:
    """Return the statistic of a benign week."""
    return detector.statistic(find_clusters(benign_window(rng, number)))


def hourly(rng: Random, number: int) -> float:
    """Return the statistic of a benign hour: the greatest of all looks at it."""
    traffic, at = live.Traffic(), datetime(2026, 1, 5, tzinfo=UTC)
    looks = (traffic.add(account, prompt, at) for account, prompt in benign_hour(rng, number))
    return max((found.statistic for found in looks if found is not None), default=0.0)


def write(path: Path, statistic: Callable[[Random, int], float]) -> None:
    """Write how many benign windows were looked at and the sum of their statistics."""
    rng = Random(SEED)
    total = sum(statistic(rng, number) for number in range(WINDOWS))
    document = {"seed": SEED, "windows": WINDOWS, "total": round(total, 3)}
    path.write_text(json.dumps(document) + "\n", "utf-8")


def main() -> None:
    """Look at benign weeks and hours; two minutes or so."""
    write(detector.CALIBRATION, weekly)
    write(live.CALIBRATION, hourly)


if __name__ == "__main__":
    main()
