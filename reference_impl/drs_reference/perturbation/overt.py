"""The overt mechanisms by their names in the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drs_reference.gateway.surfaces import Surface
from drs_reference.perturbation import (
    logprob_refusal,
    logprob_rounding,
    logprob_truncation,
    step_elision,
    trace_summary,
    trace_withholding,
)
from drs_reference.perturbation.base import Overt, Perturbation

__all__ = ["OVERT", "has_effect", "overt_from"]

OVERT: Mapping[str, Callable[[Mapping[str, Any], bytes], Overt]] = {
    "step-elision": lambda given, key: step_elision.StepElision(
        step_elision.Parameters(**given), key
    ),
    "trace-summary": lambda given, _: trace_summary.TraceSummary(trace_summary.Parameters(**given)),
    "trace-withholding": lambda given, _: trace_withholding.TraceWithholding(
        trace_withholding.Parameters(**given)
    ),
    "logprob-refusal": lambda given, _: logprob_refusal.LogprobRefusal(
        logprob_refusal.Parameters(**given)
    ),
    "logprob-truncation": lambda given, _: logprob_truncation.LogprobTruncation(
        logprob_truncation.Parameters(**given)
    ),
    "logprob-rounding": lambda given, _: logprob_rounding.LogprobRounding(
        logprob_rounding.Parameters(**given)
    ),
}
"""Makes a mechanism of its parameters, valid under their schema, and a secret key."""


def overt_from(document: Mapping[str, Any], key: bytes) -> Overt:
    """The mechanism of a valid ``perturbation-parameters``. Raises ``KeyError`` for a covert one.

    Where a mechanism has no key, ``key`` is not used.
    """
    return OVERT[document["mechanism"]](document["parameters"], key)


def has_effect(mechanism: Perturbation, surface: Surface) -> bool:
    """Whether a surface offers what a mechanism withholds. A covert one withholds nothing."""
    if not isinstance(mechanism, Overt):
        return True
    return (
        surface.logprobs
        if mechanism.withholds_from == "log-probabilities"
        else (not surface.withholds)
    )
