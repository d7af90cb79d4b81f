"""Distinguishers without a key: does one response tell that it was perturbed?

Each learns from responses that are known to be perturbed or not, and is then asked about others,
so that what it is right about beyond chance is an advantage that it really has.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Protocol

import numpy as np

__all__ = ["Distinguisher", "Threshold", "Words", "advantage", "panel"]

Features = Counter[tuple[str, ...]]
_WORD = re.compile(r"\w+|[^\w\s]")


class Distinguisher(Protocol):
    """Learns, and then takes single responses for perturbed or not."""

    def learn(self, plain: Sequence[str], perturbed: Sequence[str]) -> None:
        """Take in responses of either kind."""

    def flags(self, text: str) -> bool:
        """Tell whether a response is taken for perturbed."""


class Threshold:
    """A number of one response, with the cut and the side that told most apart so far."""

    def __init__(self, statistic: Callable[[str], float]) -> None:
        self._statistic = statistic
        self._values: tuple[list[float], list[float]] = ([], [])
        self._cut = math.inf
        self._above = True

    def learn(self, plain: Sequence[str], perturbed: Sequence[str]) -> None:
        """Take in responses, and choose anew."""
        for values, texts in zip(self._values, (plain, perturbed), strict=True):
            values += map(self._statistic, texts)
        sides = [np.sort(values) for values in self._values]
        cuts = np.unique(np.concatenate(sides))
        # Share of either kind above each cut.
        above = [1 - np.searchsorted(side, cuts, side="right") / len(side) for side in sides]
        gain = above[1] - above[0]
        best = int(np.abs(gain).argmax())
        self._cut, self._above = float(cuts[best]), bool(gain[best] >= 0)

    def flags(self, text: str) -> bool:
        """Tell whether the number of a response lies on the side of perturbed ones."""
        return (self._statistic(text) > self._cut) == self._above


class Words:
    """Naive Bayes over words and pairs of words, with half a count added to each.

    Where its odds are cut is learnt from the responses that came last, before it counts them.
    """

    def __init__(self) -> None:
        self._counts = (Features(), Features())
        self._cut = Threshold(self._odds)

    def learn(self, plain: Sequence[str], perturbed: Sequence[str]) -> None:
        """Choose the cut, and then count what responses of either kind hold."""
        self._cut = Threshold(self._odds)
        self._cut.learn(plain, perturbed)
        for counts, texts in zip(self._counts, (plain, perturbed), strict=True):
            for text in texts:
                counts.update(_features(text))

    def flags(self, text: str) -> bool:
        """Tell whether a response holds more of what perturbed ones do."""
        return self._cut.flags(text)

    def _odds(self, text: str) -> float:
        plain, perturbed = self._counts
        return sum(
            math.log((perturbed[feature] + 0.5) / (plain[feature] + 0.5))
            for feature in _features(text)
        )


def _features(text: str) -> list[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return [*((word,) for word in words), *itertools.pairwise(words)]


def _length(text: str) -> float:
    return len(text)


def _variety(text: str) -> float:
    """Return the share of different words."""
    words = _WORD.findall(text.lower())
    return len(set(words)) / max(len(words), 1)


def _word_length(text: str) -> float:
    words = _WORD.findall(text)
    return sum(map(len, words)) / max(len(words), 1)


def panel() -> dict[str, Distinguisher]:
    """Return untaught distinguishers by name."""
    return {
        "length": Threshold(_length),
        "variety": Threshold(_variety),
        "length of words": Threshold(_word_length),
        "words": Words(),
    }


def advantage(
    distinguisher: Distinguisher, plain: Sequence[str], perturbed: Sequence[str]
) -> float:
    """Return how much more often perturbed responses are taken for perturbed than others are."""
    right, wrong = (fmean(map(distinguisher.flags, texts)) for texts in (perturbed, plain))
    return right - wrong
