"""What no test can undercut."""

from __future__ import annotations

import math

__all__ = ["kl_bernoulli", "wald_bounds"]


def kl_bernoulli(a: float, b: float) -> float:
    """Return the divergence of Bernoulli(``a``) from Bernoulli(``b``), in nats."""
    terms = ((a, b), (1 - a, 1 - b))
    return math.fsum(p * math.log(p / q) if q > 0 else math.inf for p, q in terms if p > 0)


def wald_bounds(
    alpha: float, beta: float, kl_conforming: float, kl_violating: float
) -> tuple[float, float]:
    """Return the least expected numbers of observations, under conforming and under violating.

    ``kl_conforming`` is the divergence of the conforming distribution from the violating one per
    observation, in nats, ``kl_violating`` the reverse. No test with these errors does with fewer
    (Wald, Ann. Math. Statist. 16, 1945).
    """
    return (
        kl_bernoulli(alpha, 1 - beta) / kl_conforming,
        kl_bernoulli(1 - beta, alpha) / kl_violating,
    )
