"""Which criteria of the registry a dossier does not meet, and what each lacks (ESC-01)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drs_reference.json_text import Members
from drs_reference.standard import registry

__all__ = ["Criterion", "registered_criteria", "unmet"]

Criterion = Mapping[str, Any]
_EVIDENCE_MAX = 1000


def registered_criteria() -> list[Criterion]:
    """The entries of the registry ``escalation-criteria`` that are in force."""
    entries = registry("escalation-criteria")["entries"]
    return [entry for entry in entries if entry["status"] == "active"]


def unmet(dossier: Members, criteria: Iterable[Criterion]) -> Iterator[str]:
    """A sentence for each criterion that is not met. Raises ``BodyError`` for members of no form.

    It reads what is there, before the schema is asked, so that every criterion is named at once.
    """
    stated = {entry.text("criterion"): entry for entry in dossier.items("criteria")}
    items = {item.text("id") for item in dossier.items("items")}
    for criterion in criteria:
        lack = _lack(stated.get(criterion["id"]), criterion, items)
        if lack:
            yield f"criterion {criterion['id']}: {lack} (it asks: {criterion['title']})"


def _lack(stated: Members | None, criterion: Criterion, items: set[str | None]) -> str | None:
    if stated is None:
        return "nothing is said of it"
    if not stated.boolean("met"):
        return "expected met: true"
    evidence = stated.strings("evidence", _EVIDENCE_MAX)
    if not evidence:
        return "no item is named as evidence"
    unknown = [name for name in evidence if name not in items]
    if unknown:
        return f"its evidence {unknown[0]!r} is no item"
    if not stated.text("reason"):
        return "no reason is given"
    threshold = criterion.get("threshold")
    return _below(stated.inner("figures"), threshold) if threshold else None


def _below(figures: Members, threshold: Mapping[str, Any]) -> str | None:
    days = figures.integer("days", 1)
    if days is None or days > threshold["within_days"]:
        return f"expected figures.days of at most {threshold['within_days']}; got {days or 'none'}"
    counts = {name: figures.integer(name, 0) or 0 for name in threshold["any_of"]}
    if any(counts[name] >= least for name, least in threshold["any_of"].items()):
        return None
    expected = " or ".join(f"{name} >= {least}" for name, least in threshold["any_of"].items())
    got = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"expected figures with {expected}; got {got}"
