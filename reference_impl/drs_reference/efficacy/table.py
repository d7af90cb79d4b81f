"""The table of the lab, in Markdown, for the terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from drs_reference.efficacy.attacks import PASSIVE
from drs_reference.efficacy.observers import GROUPS
from drs_reference.efficacy.results import Results

__all__ = ["ABSENT", "table"]

ABSENT = "not available"
"""Stands where a foreign teacher's own law or key would be needed, or a baseline."""

_HEADS = (
    "condition",
    "teacher right",
    "steps true",
    "nats",
    "students as it came",
    "strongest attack",
    "multiplier, passive",
    "multiplier, strongest",
    "keyless AUC 1/10/100/1000",
    "key-holder AUC 1/10/100/1000",
    "z of students by share",
)


def table(results: Results) -> str:
    """A line for each condition that was observed; below it the floor and the undefended curve."""
    names = list(dict.fromkeys(one["condition"] for one in results.observations.values()))
    names.sort(key=lambda name: (name != results.baseline, name))
    lines = [_HEADS, ["---"] * len(_HEADS), *(_row(results, name) for name in names)]
    floors = [one["score"] for one in results.floors.values()]
    curve = "; ".join(
        f"{size}: {_scores(runs)}" for size, runs in results.arms(results.baseline, PASSIVE).items()
    )
    return (
        "".join(f"| {' | '.join(line)} |\n" for line in lines)
        + f"\nFloor {_listed(floors)}. Without a mechanism, by harvested answers: "
        + f"{curve or ABSENT}.\n"
    )


def _row(results: Results, name: str) -> list[str]:
    seen, absent = results.seen(name), ABSENT if "foreign" in results.setting else ""
    traced = sum(one["traced"] for one in seen)
    right, true = (
        sum(one[key] for one in seen) / traced for key in ("traced_solved", "traced_true")
    )
    nats = [one["divergence"] for one in seen if one.get("divergence") is not None]
    attacks = results.attacks(name)
    strongest = ""
    if attacks:
        arms = results.arms(name, attacks[0])
        strongest = f"{attacks[0]} {_scores(arms[max(arms)])}"
    return [
        name,
        f"{right:.3f}",
        f"{true:.3f}",
        f"{sum(nats) / len(nats):.2f}" if nats else absent,
        "; ".join(f"{n}: {_scores(runs)}" for n, runs in results.arms(name, PASSIVE).items()),
        strongest,
        "" if name == results.baseline else _factor(results, name, PASSIVE),
        _factor(results, name, attacks[0]) if attacks else "",
        _auc(seen, "keyless") or ("" if name == results.baseline else absent),
        _auc(seen, "key-holder") or absent,
        _marks(results, name) or absent,
    ]


def _scores(runs: Mapping[int, float]) -> str:
    """Mean and every seed."""
    return f"{sum(runs.values()) / len(runs):.3f} ({_listed(runs.values())})"


def _listed(scores: Iterable[float]) -> str:
    return " ".join(f"{score:.2f}" for score in scores)


def _factor(results: Results, name: str, attack: str) -> str:
    if not results.arms(name, attack):
        return ""
    if not results.arms(results.baseline, PASSIVE):
        return ABSENT
    found = results.multiplier(name, attack)
    sign = ">= " if found.beyond_measured else ""
    return f"{sign}{found.estimate:.1f} ({found.low:.1f} to {found.high:.1f})"


def _auc(seen: list[dict[str, Any]], observer: str) -> str:
    """The greater of the families of answers, a mean over seeds, by numbers of responses."""
    told = [one["auc"] for one in seen if "auc" in one]
    if not told or observer not in told[0]["steps"]:
        return ""
    return " / ".join(
        f"{max(sum(t[f][observer][str(n)] for t in told) / len(told) for f in told[0]):.2f}"
        for n in GROUPS
    )


def _marks(results: Results, name: str) -> str:
    found: dict[float, list[float]] = {}
    for one in results.students.values():
        if one["condition"] == name and "radioactivity" in one:
            found.setdefault(one["share"], []).append(one["radioactivity"]["z"])
    return "; ".join(
        f"{share:.0%}: " + " ".join(f"{z:.1f}" for z in found[share])
        for share in sorted(found, reverse=True)
    )
