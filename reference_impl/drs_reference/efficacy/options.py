"""What ``drs-reference efficacy`` is asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from drs_reference.efficacy.student import Recipe

__all__ = ["EfficacyOptions", "default_cache"]


def default_cache() -> Path:
    """Where weights are kept: ``drs-reference`` in the user's folder for caches."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drs-reference"


@dataclass(frozen=True, slots=True)
class EfficacyOptions:
    """Options of ``drs-reference efficacy``."""

    out: Path
    conditions: tuple[str, ...] = ()
    samples: int = 4000
    seeds: int = 3
    questions: int = 300
    full: bool = False
    jobs: int = 2
    cache: Path = field(default_factory=default_cache)
    issuer: str = "http://127.0.0.1"
    recipe: Recipe = field(default_factory=Recipe)
    foreign: Path | None = None
