"""The published ways to read the hidden size of a model out of its log-probabilities.

Both collect log-probabilities of the same tokens at many prompts and count the directions that
they span. They know nothing of who answers: a live surface, or an open endpoint that was made up
to show that they work.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from drs_conformance.statistics.rank import rank_of_rounded

__all__ = ["IDENTIFIERS", "Attack", "Interface", "by_bias", "by_sampling"]

IDENTIFIERS = range(200)
"""Identifiers of tokens that any vocabulary has."""
_BIAS = 100.0
_HOTTEST = 2.0
_ANCHORS = 5
_SMALLEST = 4


class Interface(Protocol):
    """Whoever tells log-probabilities of first tokens, in nats, by the text of the token."""

    @property
    def alternatives(self) -> int:
        """How many tokens are reported beside the chosen one."""

    @property
    def step(self) -> float:
        """Grid on which the values lie, in nats."""

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""

    def ask(
        self, prompt: str, *, temperature: float, bias: Mapping[str, float] | None = None
    ) -> Mapping[str, float]:
        """Return what is reported of the first position: nothing where the request is refused."""


@dataclass(frozen=True, slots=True)
class Attack:
    """How an attack ended: ``size`` is the hidden size, where it was found."""

    way: str
    end: str
    size: int | None = None

    def __str__(self) -> str:
        return f"{self.way}: {self.end}"


class _Course:
    """An attack under way."""

    def __init__(self, way: str, interface: Interface) -> None:
        self._way = way
        self._interface = interface
        self._began = interface.requests

    @property
    def requests(self) -> int:
        return self._interface.requests - self._began

    def ended(self, end: str, size: int | None = None) -> Attack:
        return Attack(self._way, f"{end} after {self.requests} requests", size)


class _Table:
    """Values by prompt and token."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, float]] = defaultdict(dict)

    def add(self, prompt: str, values: Mapping[str, float]) -> None:
        self._rows[prompt] |= values

    def rank(self, step: float) -> int | None:
        """Return the rank of the largest part without gaps that is found, if it shows one."""
        known = Counter(token for row in self._rows.values() for token in row)
        rows, tokens = list(self._rows.values()), [token for token, _ in known.most_common()]
        best: tuple[int, list[dict[str, float]], list[str]] = (0, [], [])
        for number, token in enumerate(tokens, 1):
            rows = [row for row in rows if token in row]
            best = max(best, (min(len(rows), number), rows, tokens[:number]), key=lambda b: b[0])
        if best[0] < _SMALLEST:
            return None
        return rank_of_rounded(np.array([[row[t] for t in best[2]] for row in best[1]]), step)


def by_bias(
    interface: Interface, prompts: Sequence[str], identifiers: Sequence[int], cap: int
) -> Attack:
    """Bring tokens into view by a bias, a few at a time, at ever more prompts.

    This is the attack of Carlini et al. 2024. Every request lifts one token that is always the
    same, too: what the others differ from it by are differences of logits. It goes on to ``cap``
    requests for as long as values come.
    """
    course = _Course("bias beside log-probabilities", interface)
    if interface.alternatives < 2:
        return course.ended("fewer than two alternatives are reported")
    if not interface.ask(prompts[0], temperature=0.0):
        return course.ended("no log-probabilities come")
    for anchor in identifiers[:_ANCHORS]:
        # Compared are two biases: whoever answers these may not be who answers without one.
        lowered, lifted = (
            interface.ask(prompts[0], temperature=0.0, bias={str(anchor): bias})
            for bias in (-_BIAS, _BIAS)
        )
        name = _likeliest(lifted)
        if lifted and name != _likeliest(lowered):
            break
    else:
        return course.ended("a bias is refused, or does not show")
    others = [identifier for identifier in identifiers if identifier != anchor]
    width = interface.alternatives - 1
    table, done, size = _Table(), set[tuple[int, int]](), _SMALLEST
    while size <= len(prompts):
        for row, group in sorted(set(_cells(size, width)) - done):
            if course.requests >= cap:
                return course.ended("no size shows")
            shown = (anchor, *others[group * width :][:width])
            values = interface.ask(
                prompts[row],
                temperature=0.0,
                bias={str(identifier): _BIAS for identifier in shown},
            )
            if name not in values:
                return course.ended("what a bias lifts is no longer shown")
            table.add(prompts[row], {t: v - values[name] for t, v in values.items() if t != name})
            done.add((row, group))
        found = table.rank(2 * interface.step)
        if found is not None:
            return course.ended(f"the hidden size {found} shows", found)
        size = max(size + 2, size * 5 // 4)
    return course.ended("no size shows")


def _likeliest(values: Mapping[str, float]) -> str:
    return max(values, key=lambda token: values[token], default="")


def _cells(size: int, width: int) -> list[tuple[int, int]]:
    """Return prompts and groups of tokens that make a table of ``size`` rows and columns."""
    return [(row, group) for row in range(size) for group in range(math.ceil(size / width))]


def by_sampling(interface: Interface, prompts: Sequence[str], budget: int) -> Attack:
    """Draw hot tokens at related prompts until many are known at all of them.

    This finds the space of the outputs (Finlayson et al. 2024) without a bias. A token is reported
    with its log-probability when it is drawn, however unlikely it is.
    """
    course = _Course("hot samples", interface)
    related = prompts[: math.isqrt(budget)]
    table = _Table()
    while course.requests + len(related) <= budget:
        for prompt in related:
            values = interface.ask(prompt, temperature=_HOTTEST)
            if not values:
                return course.ended("no log-probabilities come")
            table.add(prompt, values)
        found = table.rank(interface.step)
        if found is not None:
            return course.ended(f"the hidden size {found} shows", found)
    return course.ended("no size shows")
