"""Answers of a hotter or colder model than the declared one, as far as the law is known."""

from __future__ import annotations

import math

import numpy as np

from drs_conformance.statistics.boosting import Array

__all__ = ["heated", "power"]


def heated(p: Array, exponent: float) -> Array:
    """Return the law (values,) at the temperature 1 / ``exponent``; the rest stays what it is.

    The last value stands for all that are not told apart: how heat would move it is not known.
    """
    raised = p[:-1] ** exponent
    raised = raised / raised.sum() * (1 - p[-1])
    law: Array = np.append(raised, p[-1])
    return law


def power(divergence: float, p: Array, *, hotter: bool) -> float:
    """Return the exponent at which the law is ``divergence`` nats from ``p``, or comes nearest."""
    far, near = (0.02, 1.0) if hotter else (50.0, 1.0)
    for _ in range(60):
        middle = math.sqrt(far * near)
        law = heated(p, middle)
        possible = (p > 0) & (law > 0)
        ratio = np.log(law[possible] / p[possible])
        reached = float((law[possible] * ratio).sum())
        far, near = (middle, near) if reached > divergence else (far, middle)
    return near
