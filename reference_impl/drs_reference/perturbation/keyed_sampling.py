"""Sampling by a key instead of by chance: what Gumbel and tournament sampling share.

The tokens before a position, its context, and a key determine the draw. The law of an answer is
the declared one on average over keys, as long as no context comes twice in it: a context that was
there before is drawn by chance (repeated-context masking, Dathathri et al. 2024). The first
``context_tokens`` tokens are drawn by chance too, so that answers to one prompt differ, and so is
every position with little entropy.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial

import numpy as np

from drs_reference.gateway.sampling import Floats, Sampling
from drs_reference.perturbation.base import Applied, KnownDraw
from drs_reference.perturbation.covert import ENTROPY_FLOOR, ClusterOf, CovertMechanism, alone
from drs_reference.perturbation.keyed_draw import LOW, keyed_draw
from drs_reference.perturbation.keys import scoped_key

__all__ = ["Context", "KeyedSampling", "law_entropy"]

Context = tuple[int, ...]


def law_entropy(law: Floats) -> float:
    """Shannon entropy of probabilities, nats."""
    possible = law[law > 0]
    return float(-(possible * np.log(possible)).sum())


class KeyedSampling(CovertMechanism):
    """A mechanism that draws by ``keyed_law``."""

    def __init__(
        self,
        key: bytes,
        context_tokens: int,
        *,
        mask: bool = True,
        scope: str = "provider",
        entropy_floor: float = ENTROPY_FLOOR,
        cluster_of: ClusterOf = alone,
    ) -> None:
        super().__init__(key, cluster_of)
        self.context_tokens = context_tokens
        self.mask = mask
        self.scope = scope
        self.entropy_floor = entropy_floor

    def scoped_key(self, account: str, cluster: str | None = None, *, cold: bool = False) -> bytes:
        """The key for the answers of an account.

        At low temperatures, where a repeated request gets the same answer from all accounts of a
        cluster (PRT-07), no key is narrower than a cluster.
        """
        scope = "cluster" if cold and self.scope == "tenant" else self.scope
        return scoped_key(self._key, scope, account, cluster)

    def answering(
        self,
        messages: Sequence[tuple[str, str]],
        sampling: Sampling,
        account: str = "",
        cluster: str | None = None,
    ) -> Applied:
        """What is done to the answer to (role, text) messages."""
        key = self.scoped_key(account, cluster, cold=sampling.temperature < LOW)
        draw = KnownDraw(partial(self.law, key))
        return Applied(keyed_draw(self._key, messages, sampling), draw=draw)

    def context(self, before: Sequence[int]) -> Context | None:
        """The tokens that seed the draw after ``before``; None where chance draws."""
        size = self.context_tokens
        if len(before) <= size:
            return None
        context = tuple(before[-size:])
        earlier = (tuple(before[i : i + size]) for i in range(1, len(before) - size))
        return None if self.mask and context in earlier else context

    def law(self, key: bytes, weights: Floats, before: Sequence[int]) -> Floats:
        """Probabilities (vocabulary,) of the next token for whoever knows the key."""
        declared: Floats = weights / weights.sum()
        context = self.context(before)
        if context is None or law_entropy(declared) < self.entropy_floor:
            return declared
        return self.keyed_law(key, declared, context)

    @abstractmethod
    def keyed_law(self, key: bytes, declared: Floats, context: Context) -> Floats:
        """Probabilities of the next token where the key draws."""
