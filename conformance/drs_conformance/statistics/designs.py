"""Designs as requirements state them in their fence: what conforms, what violates, at what cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drs_conformance.statistics.boosting import Array
from drs_conformance.statistics.planning import Plan, plan, plan_drift

__all__ = ["Design"]


@dataclass(frozen=True, slots=True)
class Design:
    """The design of one requirement, as its fence has it (`design` of the catalogue schema).

    `requests` is the number of requests that one observation takes; `cap` bounds requests. `cost`
    is the factor by which a test that does not know the likelihoods needs more than Wald's bound.
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
    def observations(self) -> int:
        """Most observations that the cap leaves room for."""
        return self.cap // self.requests

    def scaled(self, factor: float) -> Design:
        """Return a design for an effect ``factor`` times as great, with a smaller cap."""
        members = dict(self.members)
        if members["kind"] == "rate":
            low, high = members["conforming"], members["violating"]
            # Half of all is gross enough; few targets that do wrong do so every time.
            scaled = low + (high - low) * factor
            members["violating"] = min(scaled, max(high, 0.5)) if high > low else max(scaled, 0.02)
        else:
            members["effect"] = min(members["effect"] * factor, 0.5)
            if members["kind"] == "difference":
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
        """Say why the design decides nothing, or not within its cap; None when it does."""
        kind = self.members["kind"]
        if kind == "rate" and self.members["conforming"] == self.members["violating"]:
            return "expected a violating rate that is not the conforming one"
        if kind == "difference" and self.members["effect"] > self.members["discordant"]:
            return "expected an effect up to the share of pairs that differ"
        enough = self.plan().enough
        if enough > self.cap:
            return (
                f"expected a cap of {enough} requests at least, which 98 of 100 runs stay in, got "
                f"{self.cap}; raise the cap or state a larger effect"
            )
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

    def plan(self, alpha: float | None = None, beta: float | None = None) -> Plan:
        """Return what the design needs, in requests; `alpha` and `beta` override the fence's."""
        alpha, beta = alpha or self.alpha, beta or self.beta
        laws = self.laws()
        if laws is not None:
            made = plan(*laws, alpha, beta)
        else:
            # Two normal laws of equal spread: the divergence is half the squared shift.
            drift = (
                float(self.members["effect"])
                if self.members["kind"] == "divergence"
                else (self.members["effect"] / self.members["spread"]) ** 2 / 2
            )
            made = plan_drift(drift, alpha, beta)
        factor = self.requests * float(self.members.get("cost", 1))
        return Plan(
            made.conforming * factor, made.violating * factor, math.ceil(made.enough * factor)
        )


def _coin(rate: float) -> Array:
    return np.array([1 - rate, rate])


def _difference(mean: float, discordant: float) -> Array:
    return np.array([(discordant - mean) / 2, 1 - discordant, (discordant + mean) / 2])
