"""Hypothesis strategy over walks on the ladder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


@st.composite
def ladder_walks(
    draw: st.DrawFn, kinds: Sequence[str], waits_s: Sequence[int], count: int
) -> list[list[Event]]:
    """Draw ``count`` walks that together show every kind of evidence at every step of the climb.

    A provider that treats one kind in a wrong way does so in some state; dealing the kinds out
    over the walks meets it there instead of hoping to.
    """
    people = st.lists(st.sampled_from(("ana", "ben")), max_size=2).map(tuple)
    walks: list[list[Event]] = [[] for _ in range(count)]
    for step in range(_LENGTH):
        dealt = draw(st.permutations(list(kinds)))
        for number, walk in enumerate(walks):
            share = tuple(dealt[number::count]) or (dealt[0],)
            if step >= _CLIMB and draw(st.booleans()):
                walk.append(Event(seconds=draw(st.sampled_from(list(waits_s)))))
            else:
                # A walk may climb by people or by the machine alone.
                walk.append(Event(share, draw(people)))
    return walks
