"""What became of a request, choice by choice, before a dialect writes it down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from drs_reference.gateway.sampling import Call, Chosen, Emission

__all__ = ["Said", "collected"]


@dataclass(slots=True)
class Said:
    """One choice so far; see ``Emission``."""

    text: str = ""
    tokens: list[Chosen] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    refusal: str = ""
    finish: str | None = None
    stop: str | None = None

    def add(self, emission: Emission) -> None:
        """Take in the next emission of the choice."""
        self.text += emission.text
        self.tokens += emission.tokens
        self.calls += [emission.call] if emission.call else []
        self.refusal += emission.refusal
        self.finish, self.stop = emission.finish, emission.stop


def collected(choices: int, emissions: Iterable[Emission]) -> list[Said]:
    """All choices of a request, in their order."""
    said = [Said() for _ in range(choices)]
    for emission in emissions:
        said[emission.choice].add(emission)
    return said
