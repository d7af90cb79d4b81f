"""A sample of ordinary traffic, which signatures are tried on by their authors and by members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["BenignLine", "BenignSample"]


@dataclass(frozen=True, slots=True)
class BenignLine:
    """One request of ordinary traffic."""

    text: str
    address: str | None = None
    details: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    features: Mapping[str, object] = field(default_factory=dict)

    def of_request(self) -> dict[str, object]:
        """Its values of ``req.``."""
        return {n: v for n, v in self.features.items() if n.startswith("req.")}

    def of_window(self) -> dict[str, object]:
        """Its values of ``win.``, which count for every length of window."""
        return {n: v for n, v in self.features.items() if n.startswith("win.")}


@dataclass(frozen=True, slots=True)
class BenignSample:
    """The lines, and the digest of the statement about them."""

    lines: tuple[BenignLine, ...]
    statement: str
