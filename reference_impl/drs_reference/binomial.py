"""What a count of trials says of a rate."""

from __future__ import annotations

import math

__all__ = ["upper_limit"]

_STEPS = 60


def upper_limit(count: int, trials: int, tail: float) -> float:
    """The rate at which ``count`` or fewer of ``trials`` have the probability ``tail``.

    With .025 the upper end of the two-sided interval of Clopper and Pearson (1934) at 95%, with .05
    their one-sided limit. Raises ``ValueError`` unless 0 <= count <= trials and there is a trial.
    """
    if not 0 <= count <= trials or trials < 1:
        raise ValueError(f"expected 0 <= count <= trials and a trial; got {count} of {trials}")
    if count == trials:
        return 1.0
    low, high = count / trials, 1.0
    for _ in range(_STEPS):
        rate = (low + high) / 2
        low, high = (rate, high) if _at_most(count, trials, rate) > tail else (low, rate)
    return high


def _at_most(count: int, trials: int, rate: float) -> float:
    """Probability of at most ``count`` of ``trials`` at a rate."""
    if rate >= 1.0:
        return 0.0
    terms = (
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(rate)
        + (trials - k) * math.log1p(-rate)
        for k in range(count + 1)
    )
    return math.fsum(math.exp(term) for term in terms)
