"""``efficacy.json``: what the lab measured, written after each cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drs_reference.efficacy.attacks import PASSIVE
from drs_reference.efficacy.conditions import NONE
from drs_reference.efficacy.multiplier import Multiplier, multiplier
from drs_reference.timestamps import rfc3339

__all__ = ["Results", "ResultsError"]


class ResultsError(Exception):
    """Results cannot be gone on with; the message says why."""


@dataclass(slots=True)
class Results:
    """Results by name; ``setting`` is what has to be equal for a run to be gone on with."""

    path: Path
    setting: Mapping[str, Any]
    floors: dict[str, dict[str, Any]] = field(default_factory=dict)
    students: dict[str, dict[str, Any]] = field(default_factory=dict)
    observations: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, setting: Mapping[str, Any]) -> Results:
        """Those at a path, or none yet. Raises ``ResultsError`` if they are of another setting."""
        if not path.exists():
            return cls(path, setting)
        try:
            kept = json.loads(path.read_text("utf-8"))
            parts = [dict(kept[name]) for name in ("floors", "students", "observations")]
        except (ValueError, LookupError, TypeError) as error:
            raise ResultsError(f"{path} is not a table of the lab ({error}); remove it") from error
        for name, value in setting.items():
            if kept["setting"].get(name) != value:
                raise ResultsError(
                    f"{path} was measured with {name} {kept['setting'].get(name)!r}, now {value!r} "
                    "is asked for: choose another --out, or remove the folder"
                )
        return cls(path, setting, *parts)

    def write(self) -> None:
        """Replace the file, a line a result."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        parts = {
            "floors": self.floors,
            "students": self.students,
            "observations": self.observations,
        }
        head = f' "setting": {json.dumps(self.setting)},\n "written_at": "{self.written_at()}"'
        body = ",\n".join(
            f' "{name}": {{\n'
            + ",\n".join(f"  {json.dumps(n)}: {json.dumps(part[n])}" for n in sorted(part))
            + "\n }"
            for name, part in parts.items()
        )
        partial = self.path.with_suffix(".partial")
        partial.write_text(f"{{\n{head},\n{body}\n}}\n", "utf-8")
        partial.replace(self.path)

    def written_at(self) -> str:
        """The time now, whole seconds."""
        return rfc3339(datetime.now(UTC).replace(microsecond=0))

    @property
    def baseline(self) -> str | None:
        """The condition that others are held against; None where there is none."""
        found: str | None = self.setting.get("baseline", NONE)
        return found

    def arms(self, condition: str | None, attack: str) -> dict[int, dict[int, float]]:
        """Scores of undiluted students by samples and seed, fewest samples first."""
        found: dict[int, dict[int, float]] = {}
        for one in self.students.values():
            if (one["condition"], one["attack"], one["share"]) == (condition, attack, 1):
                found.setdefault(one["samples"], {})[one["seed"]] = one["score"]
        return {size: dict(sorted(found[size].items())) for size in sorted(found)}

    def attacks(self, condition: str) -> list[str]:
        """Adaptive attacks on a condition, the strongest first: by the mean at most samples."""
        names = {one["attack"] for one in self.students.values() if one["condition"] == condition}
        arms = {name: self.arms(condition, name) for name in names - {PASSIVE}}

        def score(name: str) -> float:
            last = [*arms[name][max(arms[name])].values()]
            return sum(last) / len(last)

        return sorted(arms, key=lambda name: (-score(name), name))

    def multiplier(self, condition: str, attack: str) -> Multiplier:
        """How many more samples an attacker needs than under the baseline, which must be there."""
        arms = [
            {size: [*runs.values()] for size, runs in found.items()}
            for found in (self.arms(self.baseline, PASSIVE), self.arms(condition, attack))
        ]
        return multiplier(arms[0], arms[1], int(self.setting["questions"]))

    def seen(self, condition: str) -> list[dict[str, Any]]:
        """Observations of a condition, of all seeds."""
        return [one for one in self.observations.values() if one["condition"] == condition]
