"""Exponential-minimum sampling (Aaronson 2022; Kuditipudi et al. 2023, arXiv:2307.15593).

The key gives each token a uniform u after each context; drawn is the token with the least
-log(u) / p, which is each token with just its probability p over keys, and always the same token
for one key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from drs_reference.gateway.sampling import Floats
from drs_reference.perturbation.covert import ENTROPY_FLOOR, ClusterOf, alone
from drs_reference.perturbation.keyed_sampling import Context, KeyedSampling
from drs_reference.perturbation.keys import uniforms
from drs_reference.perturbation.schema_part import Parameters

__all__ = ["GumbelParameters", "GumbelWatermark"]


@dataclass(frozen=True)
class GumbelParameters(Parameters):
    """Tokens that seed a draw, masking of repeated contexts, and to whom one key applies."""

    mechanism: ClassVar[str] = "gumbel-watermark"
    context_tokens: int = 4
    mask_repeated_contexts: bool = True
    key_scope: Literal["tenant", "cluster", "provider"] = "tenant"


class GumbelWatermark(KeyedSampling):
    """The mechanism with its secret root key of at least 16 bytes."""

    kind = GumbelParameters
    shift = 1.0

    def __init__(
        self,
        key: bytes,
        parameters: GumbelParameters | None = None,
        *,
        entropy_floor: float = ENTROPY_FLOOR,
        cluster_of: ClusterOf = alone,
    ) -> None:
        self.parameters = parameters or GumbelParameters()
        super().__init__(
            key,
            self.parameters.context_tokens,
            mask=self.parameters.mask_repeated_contexts,
            scope=self.parameters.key_scope,
            entropy_floor=entropy_floor,
            cluster_of=cluster_of,
        )

    def keyed_law(self, key: bytes, declared: Floats, context: Context) -> Floats:
        """All on one token."""
        u = uniforms(key, context, declared.shape[0])
        waits = np.full(declared.shape, np.inf)
        np.divide(-np.log(u), declared, where=declared > 0, out=waits)
        law = np.zeros_like(declared)
        law[waits.argmin()] = 1
        return law

    def scores(self, key: bytes, context: Context, vocabulary: int) -> Floats:
        """Scores (1, vocabulary), greater for tokens that the key prefers: exponential, less 1."""
        scores: Floats = -np.log1p(-uniforms(key, context, vocabulary))[None] - 1
        return scores

    def log_mgf(self, x: Floats) -> Floats:
        """Log of the expectation of exp(x score) over keys; infinite from 1 on."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(x < 1, -np.log1p(-x) - x, np.inf)
        return found
