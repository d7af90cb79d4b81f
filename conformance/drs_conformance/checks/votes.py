"""What a vote over repetitions of one request wins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["FEW_TOKENS", "REPETITIONS", "vote_gain"]

REPETITIONS = 9
FEW_TOKENS = 8
"""Of each answer; longer ones hardly ever come twice."""


def vote_gain(plain: str, repeated: Sequence[str]) -> float:
    """Return how much more often the most frequent text is the plain one than any of them is."""
    ((vote, _),) = Counter(repeated).most_common(1)
    return (vote == plain) - repeated.count(plain) / len(repeated)
