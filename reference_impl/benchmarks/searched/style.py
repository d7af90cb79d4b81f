"""Style subspaces: a cluster hears the same few of the words and forms that would do.

Of the words that may stand at a place of free text, a cluster hears a keyed part. A word outside
of it is replaced by one inside, always by the same, so its answers agree with each other. In steps,
a keyed coin for each pair of numbers says in which order they stand. No fact is touched. It is the
mechanism at its best: it knows the places and the words, which a real one would have to infer from
the model's law.
"""

from __future__ import annotations

import math
import re

from drs_reference.model.language import FREE_TEXT_TASKS, Sample
from drs_reference.perturbation.keys import checked_key, integer

from searched.candidate import Candidate
from searched.forms import commuted, free_choices

__all__ = ["StyleSubspaces"]


class StyleSubspaces(Candidate):
    """The mechanism; ``kept`` is the share of the words at each place that a cluster hears."""

    idea = "of what may be said equally well, a part that is fixed for the cluster"

    def __init__(self, key: bytes, kept: float) -> None:
        if not 0 < kept <= 1:
            raise ValueError(f"a share above 0 and at most 1 can be kept, not {kept:g}")
        self.name = f"style, {kept:.0%} kept"
        self._key = checked_key(key)
        self._kept = kept

    def shown(self, sample: Sample, text: str, cluster: str) -> str:
        """Return the answer in the style of a cluster."""
        if sample.task in FREE_TEXT_TASKS:
            return self._worded(sample, text, cluster)
        places = free_choices(sample, text)
        return commuted(text, [one for one in places if self._turned(cluster, one)])

    def _turned(self, cluster: str, place: re.Match[str]) -> bool:
        # As many pairs are turned as words are replaced.
        share = integer(self._key, f"{cluster}:{place[0]}") / 2**64
        return share >= self._kept

    def _worded(self, sample: Sample, text: str, cluster: str) -> str:
        filling = sample.accepted.filling(text)
        if filling is None:
            return text
        said = iter(filling)
        return "".join(
            part if isinstance(part, str) else self._word(cluster, part, next(said))
            for part in sample.accepted.parts
        )

    def _word(self, cluster: str, words: tuple[str, ...], said: str) -> str:
        def place(word: str) -> int:
            return integer(self._key, f"{cluster}:{words}:{word}")

        heard = sorted(words, key=place)[: math.ceil(self._kept * len(words))]
        return said if said in heard else heard[place(said) % len(heard)]
