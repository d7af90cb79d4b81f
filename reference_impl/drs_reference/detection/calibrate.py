"""``python -m drs_reference.detection.calibrate``: write the calibration of the detector afresh."""

from __future__ import annotations

import json
from random import Random

from drs_reference.detection.clusters import find_clusters
from drs_reference.detection.detector import CALIBRATION, statistic
from drs_reference.detection.population import benign_window

WINDOWS = 2000
SEED = 20260101


def main() -> None:
    """Score benign windows; half a minute or so."""
    rng = Random(SEED)
    values = [statistic(find_clusters(benign_window(rng, at))) for at in range(WINDOWS)]
    document = {"seed": SEED, "windows": WINDOWS, "total": round(sum(values), 3)}
    CALIBRATION.write_text(json.dumps(document) + "\n", "utf-8")


if __name__ == "__main__":
    main()
