"""What changed between two runs, requirement by requirement: a pure function of two results.

What fails and did not fail before decides the exit code, so that a provider with known failures can
gate on change. What can no longer be told is never read as good news.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from drs_conformance.verdicts import SEVERITY

__all__ = ["GROUPS", "compare"]

Result = Mapping[str, Any]

GROUPS = ("worse", "better", "changed", "appeared", "vanished")
"""Kinds of change: `changed` is neither better nor worse, such as a failure that is waived now."""

_UNDECIDED = ("harness-error", "untestable", "inconclusive")
_ABSENT = "absent"
# A waived failure does not change the exit code of a run, so it counts as less than undecided.
_RANK = {name: len(SEVERITY) - place for place, name in enumerate(SEVERITY)} | {
    "waived": 2.5,
    "not-applicable": 2,
}
_NAMED = (
    ("standard", ("drs_version",)),
    ("digest of the standard", ("spec", "digest")),
    ("suite", ("suite", "version")),
    ("target", ("target", "root")),
    ("dialect", ("target", "dialect")),
    ("model", ("target", "model")),
    ("profile", ("profile",)),
    ("level", ("selection", "level")),
    ("classes", ("selection", "classes")),
    ("only", ("selection", "only")),
    ("ended early", ("stopped",)),
)


def compare(old: Result, new: Result) -> dict[str, Any]:
    """Compare two documents of the schema ``result``; return one of the schema ``comparison``.

    Its exit code is 1 where something fails that did not fail in ``old``, else 3 where something is
    undecided or untested that was not so before, else 0.
    """
    before, after = _by_identifier(old), _by_identifier(new)
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    unchanged: Counter[str] = Counter()
    code = 0
    for identifier in [*after, *(name for name in before if name not in after)]:
        was, now = _state(before.get(identifier)), _state(after.get(identifier))
        if was == now or not (was in _RANK or now in _RANK):
            unchanged.update([now] if now in _RANK else [])
            continue
        entry = after.get(identifier) or before[identifier]
        group = _group(was, now)
        groups[group].append(
            {
                "requirement": identifier,
                "title": entry["title"],
                "old": was,
                "new": now,
                "summary": _summary(after.get(identifier)),
            }
        )
        if now == "fail":
            code = 1
        elif code == 0 and (group == "vanished" or (now in _UNDECIDED and was not in _UNDECIDED)):
            code = 3
    return {
        "drs_version": new["drs_version"],
        "old": _about(old),
        "new": _about(new),
        "differences": list(_differences(old, new)),
        **groups,
        "unchanged": dict(sorted(unchanged.items())),
        "exit_code": code,
    }


def _by_identifier(result: Result) -> dict[str, Mapping[str, Any]]:
    return {entry["id"]: entry for entry in result["requirements"]}


def _state(entry: Mapping[str, Any] | None) -> str:
    """Return the verdict, ``waived``, why there is no verdict, or ``absent``."""
    if entry is None:
        return _ABSENT
    if entry["outcome"] is None:
        return str(entry["status"])
    return "waived" if entry["waived"] is not None else str(entry["outcome"]["verdict"])


def _group(was: str, now: str) -> str:
    """Return the kind of change; a failure that was not seen before is worse, whatever it was."""
    if now == "fail":
        return "worse"
    if was not in _RANK:
        return "appeared"
    if now not in _RANK:
        return "vanished"
    if now in ("waived", "not-applicable") or (was == "fail" and now in _UNDECIDED):
        return "changed"
    return "worse" if _RANK[now] > _RANK[was] else "better"


def _summary(entry: Mapping[str, Any] | None) -> str | None:
    if entry is None:
        return "the standard of the new run does not have it"
    if entry["outcome"] is None:
        return None if entry["reason"] is None else str(entry["reason"])
    return str(entry["outcome"]["summary"])


def _about(result: Result) -> dict[str, Any]:
    return {
        "started_at": result["started_at"],
        "profile": result["profile"],
        "level": result["selection"]["level"],
        "exit_code": result["exit_code"],
    }


def _differences(old: Result, new: Result) -> Iterator[dict[str, str]]:
    for name, path in _NAMED:
        was, now = _shown(old, path), _shown(new, path)
        if was != now:
            yield {"what": name, "old": was, "new": now}


def _shown(result: Any, path: tuple[str, ...]) -> str:
    for member in path:
        result = result[member]
    if isinstance(result, list):
        return ", ".join(map(str, result)) or "all"
    return "no" if result is None else str(result)
