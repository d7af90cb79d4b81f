"""Hypothesis strategy over walks on the ladder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

__all__ = ["Event", "ladder_walks"]

# The first events are evidence, so that each walk climbs; then time may pass as well.
_CLIMB = 3
_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Event:
    """Evidence of ``kinds`` with ``approvals``, or, with neither, ``seconds`` that pass."""

    kinds: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    seconds: int = 0

    def __str__(self) -> str:
        if self.seconds:
            return f"{self.seconds} s"
        return f"evidence {', '.join(self.kinds)} with approvals [{', '.join(self.approvals)}]"


def ladder_walks(
    kinds: Sequence[str], waits_s: Sequence[int], count: int
) -> st.SearchStrategy[list[list[Event]]]:
    """Return a strategy over ``count`` walks that together try every kind at every step up.

    A provider that treats one kind in a wrong way does so in some state; dealing the kinds out
    over the walks meets it there instead of hoping to. Walks beyond the number of kinds get some
    that arrive together. The walks hang on one number, for examples that Hypothesis finds simple
    would be walks on which little happens.
    """
    return st.integers(0, 2**63).map(lambda seed: _walks(Random(seed), kinds, waits_s, count))


def _walks(
    rng: Random, kinds: Sequence[str], waits_s: Sequence[int], count: int
) -> list[list[Event]]:
    walks: list[list[Event]] = [[] for _ in range(count)]
    for step in range(_LENGTH):
        dealt = rng.sample(list(kinds), len(kinds))
        for number, walk in enumerate(walks):
            share = dealt[number::count] or rng.sample(dealt, rng.randint(1, 3))
            if step >= _CLIMB and rng.random() < 0.5:
                walk.append(Event(seconds=rng.choice(list(waits_s))))
            else:
                # A walk may climb by people or by the machine alone.
                people = rng.choices(("ana", "ben"), k=rng.randint(0, 2))
                walk.append(Event(tuple(share), tuple(people)))
    return walks
