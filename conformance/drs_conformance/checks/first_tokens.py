"""First tokens of answers to a prompt, held against a law that is known.

A law has the probabilities of the most probable tokens, and last that of all others together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drs_conformance.dialects.neutral import TokenLogprob
from drs_conformance.statistics.temperatures import heated, power
from drs_conformance.statistics.tilts import Tilt, strength
from drs_conformance.statistics.trial import Trial

__all__ = ["DIRECTIONS", "OTHER", "VALUES", "Context", "Places", "Returned"]

VALUES = 6
"""First tokens that are told apart in one prompt; the last stands for all others."""
OTHER = VALUES - 1
HOTTER, COLDER = "hotter", "colder"
KEYED = "keyed tilt"
DIRECTIONS = (KEYED, HOTTER, COLDER)


@dataclass(slots=True)
class Places:
    """Numbers of values in the order in which they were first seen; the last is for the rest."""

    known: dict[str, int] = field(default_factory=dict)

    def of(self, value: str) -> int:
        """Return the number of a value."""
        if value not in self.known and len(self.known) < OTHER:
            self.known[value] = len(self.known)
        return self.known.get(value, OTHER)


class Context:
    """One prompt whose law is known: what is known of a tilt of it, and what heat would do."""

    def __init__(self, effect: float, group: str) -> None:
        """``group`` is the end of the names of the processes that take part."""
        self._effect = effect
        self._group = group
        self._tilt: Tilt | None = None
        self._powers: dict[str, float] = {}

    def observe(self, trial: Trial, p: NDArray[np.float64], value: int, step: float) -> None:
        """Take in a value where ``p`` is the law, each probability known to ``step``."""
        if self._tilt is None:
            self._tilt = Tilt(len(p), strength(self._effect, p))
            self._powers = {
                HOTTER: power(self._effect, p, hotter=True),
                COLDER: power(self._effect, p, hotter=False),
            }
        for name in DIRECTIONS:
            if name + self._group not in trial.open:
                continue
            predicted = self._tilt.predicted(p) if name == KEYED else heated(p, self._powers[name])
            # What rounding may have moved, at most, in the expectation of a factor.
            slack = step * float(np.abs(predicted - p).sum())
            trial.processes[name + self._group].observe(value, p, predicted, slack)
        self._tilt.learn(p, value)


class Returned:
    """One prompt whose answers bring the probabilities of their most probable first tokens."""

    def __init__(self, effect: float, step: float, group: str) -> None:
        self._context = Context(effect, group)
        self._step = step
        self._names: list[str] = []

    def observe(self, trial: Trial, token: TokenLogprob) -> None:
        """Take in the first token of an answer."""
        if not self._names:
            self._names = [name for name, _ in token.alternatives[:OTHER]]
        p = self._law(token)
        value = self._names.index(token.token) if token.token in self._names else len(p) - 1
        self._context.observe(trial, p, value, self._step)

    def _law(self, token: TokenLogprob) -> NDArray[np.float64]:
        shown = dict(token.alternatives) | {token.token: token.logprob}
        p = np.array([math.exp(shown[name]) if name in shown else 0.0 for name in self._names])
        rest = max(1 - float(p.sum()), 1e-6)
        p = np.append(p, rest)
        law: NDArray[np.float64] = p / p.sum()
        return law
