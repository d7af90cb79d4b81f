"""Soft green-list watermark (Kirchenbauer et al. 2023, arXiv:2301.10226), keyed.

After each context a key colours the vocabulary: every token is green with probability ``gamma``,
independently of all others. The logits of green tokens rise by ``delta``. Positions with an
entropy below a floor, where there is a right answer (facts, numbers, code), pass untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from drs_reference.gateway.sampling import Floats, Logits, Sampling, log_probabilities
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.covert import ENTROPY_FLOOR, ClusterOf, CovertMechanism, alone
from drs_reference.perturbation.keyed_draw import keyed_draw
from drs_reference.perturbation.keyed_sampling import Context
from drs_reference.perturbation.keys import uniforms
from drs_reference.perturbation.schema_part import Parameters

__all__ = ["ENTROPY_FLOOR", "GreenListParameters", "GreenListWatermark", "divergence", "entropy"]


@dataclass(frozen=True)
class GreenListParameters(Parameters):
    """Rise of green logits, nats; share of green tokens; tokens that seed a list."""

    mechanism: ClassVar[str] = "green-list-watermark"
    delta: float = 0.25
    gamma: float = 0.5
    context_tokens: int = 2


def entropy(logits: Logits) -> float:
    """Shannon entropy of the distribution of ``logits``, nats."""
    log_p = log_probabilities(logits)
    finite = np.isfinite(log_p)
    return float(-(np.exp(log_p[finite]) * log_p[finite]).sum())


def divergence(perturbed: Logits, clean: Logits) -> float:
    """Exact KL(perturbed || clean) of one step, nats."""
    log_q, log_p = log_probabilities(perturbed), log_probabilities(clean)
    possible = np.isfinite(log_q)
    return float((np.exp(log_q[possible]) * (log_q[possible] - log_p[possible])).sum())


class GreenListWatermark(CovertMechanism):
    """The mechanism with its secret key of at least 16 bytes."""

    kind = GreenListParameters
    scope = "provider"

    def __init__(
        self,
        key: bytes,
        parameters: GreenListParameters | None = None,
        *,
        entropy_floor: float = ENTROPY_FLOOR,
        cluster_of: ClusterOf = alone,
    ) -> None:
        super().__init__(key, cluster_of)
        self.parameters = parameters or GreenListParameters()
        self.entropy_floor = entropy_floor
        self.shift = min(1.0, self.parameters.delta**2 / 4)

    def answering(
        self,
        messages: Sequence[tuple[str, str]],
        sampling: Sampling,
        account: str = "",
        cluster: str | None = None,
    ) -> Applied:
        """What is done to the answer to (role, text) messages.

        Below temperature 1 the rise shrinks with it, so that it stays the same in the law drawn
        from.
        """
        drawn = keyed_draw(self._key, messages, sampling)
        if drawn.temperature >= 1:
            return Applied(drawn, self.step)
        return Applied(drawn, partial(self.step, share=drawn.temperature))

    def context(self, before: Sequence[int]) -> Context:
        """The tokens that seed the list after ``before``; fewer at the start of an answer."""
        size = self.parameters.context_tokens
        return tuple(before[-size:]) if size else ()

    def green_list(self, context: Sequence[int], vocabulary: int) -> NDArray[np.bool_]:
        """Which of ``vocabulary`` tokens are green after a context."""
        green: NDArray[np.bool_] = uniforms(self._key, context, vocabulary) < self.parameters.gamma
        return green

    def step(self, logits: Logits, before: Sequence[int], share: float = 1.0) -> Logits:
        """Logits (vocabulary,) with green tokens raised, or unchanged below the floor."""
        if entropy(logits) < self.entropy_floor:
            return logits
        green = self.green_list(self.context(before), logits.shape[0]).astype(np.float32)
        raised: Logits = logits + np.float32(share * self.parameters.delta) * green
        return raised

    def scoped_key(self, account: str = "", cluster: str | None = None) -> bytes:
        """The one key, whoever asks."""
        return self._key

    def scores(self, key: bytes, context: Context, vocabulary: int) -> Floats:
        """Scores (1, vocabulary): 1 for green tokens and 0 for others, less ``gamma``."""
        green = uniforms(key, context, vocabulary) < self.parameters.gamma
        return green[None].astype(np.float64) - self.parameters.gamma

    def log_mgf(self, x: Floats) -> Floats:
        """Log of the expectation of exp(x score) over keys."""
        gamma = self.parameters.gamma
        if gamma == 1:
            return np.zeros_like(x)
        found: Floats = np.logaddexp(np.log(gamma) + x, np.log1p(-gamma)) - gamma * x
        return found
