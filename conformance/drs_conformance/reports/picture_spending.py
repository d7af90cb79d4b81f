"""The picture of what statistical verdicts took, beside what any test needs and what ours may."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from drs_conformance.reports.headline import Entry

__all__ = ["SpendingPicture", "spending_picture"]

WIDTH = 760
_LEFT, _RIGHT, _TOP, _ROW, _BOTTOM = 70, 130, 10, 26, 42
SpendingPicture = dict[str, Any]


def spending_picture(entries: Sequence[Entry]) -> SpendingPicture | None:
    """Return a row for each requirement that was tested statistically; None where there is none.

    To the right lie observations on a logarithmic scale. The bound is Wald's for a target of the
    kind that the verdict says.
    """
    tested = [entry for entry in entries if entry["outcome"]["statistics"] is not None]
    if not tested:
        return None
    facts = [(entry, entry["outcome"]["statistics"]) for entry in tested]
    most = max(max(found["cap"], found["fixed"]) for _, found in facts)
    decades = math.ceil(math.log10(most)) or 1

    def x(observations: float) -> float:
        share = math.log10(max(observations, 1)) / decades
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * share, 1)

    rows = []
    for number, (entry, found) in enumerate(facts):
        used = max(process["observations"] for process in found["processes"])
        verdict = entry["outcome"]["verdict"]
        bound = found["bound"]["violating" if verdict == "fail" else "conforming"]
        rows.append(
            {
                "id": entry["id"],
                "verdict": verdict,
                "used": used,
                "bound": round(bound),
                "fixed": found["fixed"],
                "cap": found["cap"],
                "y": _TOP + _ROW * number + _ROW / 2,
                "at": {
                    "used": x(used),
                    "bound": x(bound),
                    "fixed": x(found["fixed"]),
                    "cap": x(found["cap"]),
                },
            }
        )
    bottom = _TOP + _ROW * len(rows)
    return {
        "width": WIDTH,
        "height": bottom + _BOTTOM,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "top": _TOP,
        "bottom": bottom,
        "rows": rows,
        "ticks": [{"x": x(10**k), "text": f"{10**k:,}"} for k in range(decades + 1)],
    }
