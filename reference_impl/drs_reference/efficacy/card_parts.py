"""Members of an efficacy card, each from the results of the lab."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from drs_reference.efficacy.multiplier import Multiplier
from drs_reference.efficacy.results import Results

__all__ = ["arms", "factor", "mean", "observers", "shares", "totals", "utility_loss"]

_CARD_SIZES = (1, 10, 100)


def mean(values: Iterable[float]) -> float:
    """The mean of one value at least."""
    found = list(values)
    return sum(found) / len(found)


def totals(results: Results, name: str) -> dict[str, int]:
    """Answers of a condition that were seen, those that are right, and those with true steps."""
    seen = results.seen(name)
    counted = ("answers", "solved", "traced", "traced_solved", "traced_true")
    return {key: sum(one[key] for one in seen) for key in counted}


def shares(of: Iterable[Mapping[str, int]], key: str) -> list[float]:
    """Of answers with steps, the share that is ``solved`` or ``true``, for each of some totals."""
    return [one[f"traced_{key}"] / one["traced"] for one in of]


def utility_loss(clean: Mapping[str, int], defended: Mapping[str, int]) -> dict[str, float]:
    """Difference of the shares of right answers, percentage points, with a Wald interval."""
    before, after = (one["solved"] / one["answers"] for one in (clean, defended))
    spread = 1.96 * math.sqrt(
        before * (1 - before) / clean["answers"] + after * (1 - after) / defended["answers"]
    )
    loss = before - after
    return {"estimate": 100 * loss, "low": 100 * (loss - spread), "high": 100 * (loss + spread)}


def arms(results: Results, name: str | None, attack: str) -> list[dict[str, Any]]:
    """Every training of a condition under an attack, fewest samples first."""
    return [
        {
            "samples": samples,
            "runs": [{"seed": seed, "score": score} for seed, score in runs.items()],
        }
        for samples, runs in results.arms(name, attack).items()
    ]


def factor(found: Multiplier) -> dict[str, Any]:
    """A multiplier as a card has it."""
    estimate = {"estimate": found.estimate, "low": found.low, "high": found.high}
    return {"factor": estimate, "beyond_measured": found.beyond_measured}


def observers(results: Results, name: str) -> list[dict[str, Any]]:
    """The greater AUC of the two families of answers, a mean over seeds."""
    told = [one["auc"] for one in results.seen(name)]
    return [
        {
            "observer": observer,
            "responses": size,
            "auc": max(
                mean(one[family][observer][str(size)] for one in told) for family in told[0]
            ),
        }
        for observer in next(iter(told[0].values()))
        for size in _CARD_SIZES
    ]
