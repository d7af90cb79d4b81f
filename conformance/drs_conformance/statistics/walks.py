"""Walks of the processes that are not simple against simple, for their audit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.dual import factors
from drs_conformance.statistics.processes import Betting
from drs_conformance.statistics.simulation import Integers, Taken, drawn_from
from drs_conformance.statistics.temperatures import heated, power
from drs_conformance.statistics.tilts import sign_vectors, strength, tilted

__all__ = ["Bets", "Heats", "PairedTilts", "Tilts", "random_keys"]


class Tilts:
    """A keyed tilt in contexts that take turns and whose laws are known (:class:`Tilt`).

    ``contexts`` has shape (contexts, values), ``drawn`` that or (runs, contexts, values).
    """

    def __init__(
        self, contexts: Array, effect: float, drawn: Array, runs: int, *, weigh: bool = False
    ) -> None:
        """``weigh`` wants rates under ``contexts``; ``drawn`` has to be by random keys then."""
        signs = sign_vectors(contexts.shape[1])
        self._contexts = contexts
        self._keyed = np.array([tilted(p, signs, strength(effect, p)) for p in contexts])
        self._log_ratios = np.log(self._keyed / contexts[:, None, :])
        self._log_weight = np.zeros((runs, len(contexts), len(signs)))
        self._drawn = np.broadcast_to(drawn, (runs, *contexts.shape))
        self._weigh = weigh

    def step(
        self,
        number: int,
        going: Integers,
        room_fail: Array,
        room_pass: Array,
        generator: np.random.Generator,
    ) -> Taken:
        """Draw an answer to the next prompt."""
        place = number % len(self._contexts)
        p, row = self._contexts[place], np.arange(len(going))
        predicted = _weights(self._log_weight[going, place]) @ self._keyed[place]
        values = drawn_from(self._drawn[going, place], len(going), generator)
        taken = factors(values, p, predicted, room_fail, room_pass)
        self._log_weight[going, place] += self._log_ratios[place][:, values].T
        likelihood = np.log(p[values] / predicted[row, values]) * self._weigh
        return Taken(*taken, likelihood)


class PairedTilts:
    """A keyed tilt of one of two accounts, in contexts of which no law is known.

    ``suspected`` has shape (contexts, values) or (runs, contexts, values), ``other`` (contexts,
    values). Both laws are of what is drawn; the test looks at the order of each pair only.
    """

    def __init__(
        self, suspected: Array, other: Array, tilt: float, runs: int, *, weigh: bool = False
    ) -> None:
        """``weigh`` wants rates where no account is tilted."""
        self._signs = sign_vectors(other.shape[1])
        self._suspected = np.broadcast_to(suspected, (runs, *other.shape))
        self._other = other
        self._tilt = tilt
        self._log_weight = np.zeros((runs, len(other), len(self._signs)))
        self._weigh = weigh

    def step(
        self,
        number: int,
        going: Integers,
        room_fail: Array,
        room_pass: Array,
        generator: np.random.Generator,
    ) -> Taken:
        """Draw a pair of answers to the next prompt."""
        place = number % len(self._other)
        first = drawn_from(self._suspected[going, place], len(going), generator)
        second = drawn_from(self._other[place], len(going), generator)
        apart = self._signs[:, first] - self._signs[:, second]
        likely = 1 / (1 + np.exp(-self._tilt * apart)).T
        predicted = (_weights(self._log_weight[going, place]) * likely).sum(axis=1)
        orders = np.stack([predicted, 1 - predicted], axis=1)
        came = np.zeros(len(going), np.int64)
        taken = factors(came, np.array([0.5, 0.5]), orders, room_fail, room_pass)
        self._log_weight[going, place] += np.log(2 * likely)
        return Taken(*taken, -np.log(2 * predicted) * self._weigh)


class Heats:
    """A hotter or colder model, in contexts that take turns and whose laws are known."""

    def __init__(
        self,
        contexts: Array,
        effect: float,
        drawn: Array,
        runs: int,
        *,
        hotter: bool,
        weigh: bool = False,
    ) -> None:
        """Shapes are those of :class:`Tilts`; ``weigh`` wants rates under ``contexts``."""
        self._contexts = contexts
        self._heated = np.array([heated(p, power(effect, p, hotter=hotter)) for p in contexts])
        self._drawn = np.broadcast_to(drawn, (runs, *contexts.shape))
        self._weigh = weigh

    @property
    def violating(self) -> Array:
        """The laws (contexts, values) that the test looks for."""
        return self._heated

    def step(
        self,
        number: int,
        going: Integers,
        room_fail: Array,
        room_pass: Array,
        generator: np.random.Generator,
    ) -> Taken:
        """Draw an answer to the next prompt."""
        place, row = number % len(self._contexts), np.arange(len(going))
        p = self._contexts[place]
        drawn = self._drawn[going, place]
        values = drawn_from(drawn, len(going), generator)
        taken = factors(values, p, self._heated[place], room_fail, room_pass)
        return Taken(*taken, np.log(p[values] / drawn[row, values]) * self._weigh)


class Bets:
    """Bets on the mean of differences drawn from a law of finitely many values."""

    def __init__(
        self,
        betting: Betting,
        differences: Array,
        drawn: Array,
        wanted: Array | None = None,
    ) -> None:
        """``differences`` (values,) have the probabilities ``drawn``; ``wanted`` weighs rates."""
        self._betting, self._differences = betting, differences
        self._drawn = drawn
        self._log_weight = np.zeros(len(drawn)) if wanted is None else np.log(wanted / drawn)

    def step(
        self,
        number: int,
        going: Integers,
        room_fail: Array,
        room_pass: Array,
        generator: np.random.Generator,
    ) -> Taken:
        """Draw a difference."""
        values = drawn_from(self._drawn, len(going), generator)
        taken = self._betting.factors(self._differences[values], room_fail, room_pass)
        return Taken(*taken, self._log_weight[values])


def random_keys(
    contexts: Array, strengths: Sequence[float], runs: int, generator: np.random.Generator
) -> Array:
    """Return laws (runs, contexts, values), each tilted by a key of its own."""
    signs = sign_vectors(contexts.shape[1])
    chosen = signs[generator.integers(len(signs), size=(runs, len(contexts)))]
    raised = contexts * np.exp(np.array(strengths)[:, None] * chosen)
    laws: Array = raised / raised.sum(axis=2, keepdims=True)
    return laws


def _weights(log_weight: Array) -> Array:
    raised = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weights: Array = raised / raised.sum(axis=1, keepdims=True)
    return weights
