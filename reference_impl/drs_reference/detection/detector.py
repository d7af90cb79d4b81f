"""The detector: a score of a window that is an e-value.

With statistics f of the window at hand and f_1 .. f_n of n benign windows,

    e = (n + 1) f / (f_1 + ... + f_n + f)

has expectation at most one when all n + 1 are exchangeable, whatever their distribution is: the
n + 1 numbers of this form add up to n + 1 (the soft-rank e-value of Ren and Barber, "Derandomised
knockoffs: leveraging e-values for false discovery rate control", 2024). The sum over benign windows
comes from the population in ``population`` and stands in ``calibration.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drs_reference.detection.clusters import Cluster, find_clusters
from drs_reference.detection.windows import Window

__all__ = ["CALIBRATION", "Calibration", "Detector", "Score", "statistic"]

CALIBRATION = Path(__file__).with_name("calibration.json")


@dataclass(frozen=True, slots=True)
class Calibration:
    """The statistics of benign windows: how many, and their sum."""

    windows: int
    total: float

    @classmethod
    def read(cls, path: Path = CALIBRATION) -> Calibration:
        """Read a calibration that ``python -m drs_reference.detection.calibrate`` has written."""
        document = json.loads(path.read_text("utf-8"))
        return cls(document["windows"], document["total"])

    def e_value(self, statistic: float) -> float:
        """Return the score of a window with this statistic."""
        return (self.windows + 1) * statistic / (self.total + statistic)


@dataclass(frozen=True, slots=True)
class Score:
    """What the detector says of a window: its score, and clusters with theirs."""

    e_value: float
    clusters: tuple[tuple[Cluster, float], ...]


class Detector:
    """Scores windows; the score of a window is that of its strongest cluster."""

    name = "drs-reference-templates"
    version = "1"

    def __init__(self, calibration: Calibration | None = None) -> None:
        self.calibration = calibration or Calibration.read()

    def score(self, window: Window) -> Score:
        """Score a window."""
        clusters = find_clusters(window)
        scored = tuple(
            (cluster, self.calibration.e_value(math.exp(cluster.evidence))) for cluster in clusters
        )
        return Score(self.calibration.e_value(statistic(clusters)), scored)


def statistic(clusters: Sequence[Cluster]) -> float:
    """Return the statistic of a window from its clusters, the strongest first."""
    return math.exp(clusters[0].evidence) if clusters else 0.0
