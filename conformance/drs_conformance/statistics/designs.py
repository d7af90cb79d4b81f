"""Designs as requirements state them in their fence: what conforms, what violates, at what cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.fixed_size import fixed_normal, fixed_signs, fixed_simple
from drs_conformance.statistics.planning import Drifts, Plan, drifts, plan
from drs_conformance.statistics.processes import Betting

__all__ = ["Design"]


@dataclass(frozen=True, slots=True)
class Design:
    """The design of one requirement, as its fence has it (`design` of the catalogue schema).

    `requests` is the number of requests that one observation takes; `cap` bounds requests.
    `alternatives` share alpha, and each of them has to be passed. Where the likelihoods are not
    known, an observation tells `cost` times less than they would, and learning the alternative
    loses `regret` nats.
    """

    members: Mapping[str, Any]

    @property
    def alpha(self) -> float:
        """Greatest probability that a conforming target fails."""
        return float(self.members["alpha"])

    @property
    def beta(self) -> float:
        """Greatest probability that a target that violates by the effect passes."""
        return float(self.members["beta"])

    @property
    def cap(self) -> int:
        """Most requests that the test may send."""
        return int(self.members["cap"])

    @property
    def requests(self) -> int:
        """Requests that one observation takes."""
        return int(self.members.get("requests", 1))

    @property
    def alternatives(self) -> int:
        """Ways of violating that are tested for, each by a process of its own."""
        return int(self.members.get("alternatives", 1))

    @property
    def study(self) -> str | None:
        """Name of the probes that the design shares with others, if it does."""
        study: str | None = self.members.get("study")
        return study

    @property
    def observations(self) -> int:
        """Most observations that the cap leaves room for."""
        return self.cap // self.requests

    @property
    def levels(self) -> Mapping[str, float]:
        """Conforming rates at levels that ask for another one."""
        levels: Mapping[str, float] = self.members.get("levels", {})
        return levels

    def at(self, level: str) -> Design:
        """Return the design at a level."""
        rate = self.levels.get(level)
        return self if rate is None else self.shifted(rate)

    def scaled(self, factor: float) -> Design:
        """Return a design for an effect ``factor`` times as great, with a smaller cap."""
        members = dict(self.members)
        if members["kind"] == "rate":
            low, high = members["conforming"], members["violating"]
            # Half of the rest is gross enough; few targets that do wrong do so every time.
            gross = max(high, (1 + low) / 2)
            scaled = low + (high - low) * factor
            members["violating"] = min(scaled, gross) if high > low else max(scaled, 0.02)
        else:
            difference = members["kind"] == "difference"
            # Of several kinds of questions one alone may be spoilt.
            members["effect"] = min(members["effect"] * factor, 0.3 if difference else 0.5)
            if difference:
                # Some pairs differ the other way, whatever the effect is.
                members["discordant"] = max(members["discordant"], 1.25 * members["effect"])
        # Room for an alternative that cannot come as far as the greater effect.
        members["cap"] = min(members["cap"], math.ceil(3 * members["cap"] / factor))
        return Design(members)

    def shifted(self, conforming: float) -> Design:
        """Return a design of the kind `rate` for another conforming rate and the same effect."""
        members = dict(self.members)
        low, high = members["conforming"], members["violating"]
        members |= {"conforming": conforming, "violating": conforming + high - low}
        return Design(members)

    def erring(self, beta: float) -> Design:
        """Return a design with another probability of passing a target that violates."""
        return Design({**self.members, "beta": beta})

    def effect(self) -> str:
        """Say in words what a pass excludes."""
        members = self.members
        if members["kind"] == "rate":
            return f"a rate of {members['violating']:.3g} instead of {members['conforming']:.3g}"
        if members["kind"] == "divergence":
            return f"a divergence of {members['effect']:.3g} nats, on average over keys"
        if members["kind"] == "difference":
            return f"a drop by {members['effect']:.3g}"
        return f"a mean that is higher by {members['effect']:.3g}"

    def mistake(self) -> str | None:
        """Say why the design tells nothing apart; None when it does."""
        kind = self.members["kind"]
        if kind == "rate" and self.members["conforming"] == self.members["violating"]:
            return "expected a violating rate that is not the conforming one"
        if kind == "difference" and self.members["effect"] > self.members["discordant"]:
            return "expected an effect up to the share of pairs that differ"
        return None

    def laws(self) -> tuple[Array, Array] | None:
        """Return the two laws of an observation, where it has finitely many values."""
        kind = self.members["kind"]
        if kind == "rate":
            return _coin(self.members["conforming"]), _coin(self.members["violating"])
        if kind == "difference":
            share = self.members["discordant"]
            return _difference(0.0, share), _difference(-self.members["effect"], share)
        return None

    def differences(self, span: float = 1.0) -> tuple[float, float]:
        """Return the effect on a difference of two accounts, and the share of pairs that differ.

        ``span`` is the greatest distance from the mean, where the design is about a mean.
        """
        members = self.members
        if members["kind"] == "rate":
            low, high = members["conforming"], members["violating"]
            return high - low, high + low
        if members["kind"] == "difference":
            return members["effect"], members["discordant"]
        effect = members["effect"] / span
        return effect, max((members["spread"] / span) ** 2, effect)

    def betting(self, span: float = 1.0) -> Betting:
        """Return how to bet on differences in units of ``span``."""
        return Betting.planned(*self.differences(span))

    @property
    def unit(self) -> str:
        """What the effect is measured in."""
        units = {"rate": "rate", "divergence": "nats", "difference": "drop", "mean": "excess"}
        return units[self.members["kind"]]

    @property
    def excluded(self) -> float:
        """The effect that a pass excludes, in `unit`."""
        rate = self.members["kind"] == "rate"
        return float(self.members["violating" if rate else "effect"])

    def fixed(self, alpha: float) -> int:
        """Return the observations of a test of fixed size with these errors."""
        laws = self.laws()
        if laws is not None and self.members["kind"] == "difference":
            return fixed_signs(laws[1], alpha, self.beta)
        if laws is not None:
            return fixed_simple(*laws, alpha, self.beta)
        return fixed_normal(self.drifts(), alpha, self.beta)

    def drifts(self) -> Drifts:
        """Return how the likelihood ratio of an observation moves."""
        laws = self.laws()
        if laws is not None:
            return drifts(*laws)
        if self.members["kind"] == "divergence":
            return Drifts.normal(self.members["effect"])
        return Drifts.normal((self.members["effect"] / self.members["spread"]) ** 2 / 2)

    def plan(self, alpha: float | None = None, undecided: float = 0.02) -> Plan:
        """Return what a process of the design needs, in requests.

        ``alpha`` is that of the process, a share of the fence's where it is left out;
        ``undecided`` is the share of conforming runs that may come to no verdict.
        """
        alpha = alpha or self.alpha / self.alternatives
        cost, regret = float(self.members.get("cost", 1)), float(self.members.get("regret", 0))
        walk = self.drifts()
        ideal = plan(walk, alpha, self.beta)
        made = plan(walk, alpha, self.beta, undecided, regret)
        return Plan(
            ideal.conforming * self.requests,
            ideal.violating * self.requests,
            made.expected * cost * self.requests,
            math.ceil(made.enough * cost) * self.requests,
        )


def _coin(rate: float) -> Array:
    return np.array([1 - rate, rate])


def _difference(mean: float, discordant: float) -> Array:
    return np.array([(discordant - mean) / 2, 1 - discordant, (discordant + mean) / 2])
