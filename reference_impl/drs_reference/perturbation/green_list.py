"""Soft green-list watermark (Kirchenbauer et al. 2023, arXiv:2301.10226), keyed.

After each token a key colours the vocabulary: every token is green with probability one half,
independently of all others. The logits of green tokens rise by ``delta``. Positions with an
entropy below a floor, where there is a right answer (facts, numbers, code), pass untouched.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.sampling import Logits, log_probabilities
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.keyed_draw import keyed_draw
from drs_reference.response.procedure import Account

DELTA = 0.3
"""Rise of green logits, nats."""
ENTROPY_FLOOR = 0.9
"""Positions with less entropy than this, nats, pass untouched."""


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


class GreenListWatermark:
    """The mechanism with its secret key of at least 16 bytes."""

    mechanism = "green-list-watermark"
    covert = True

    def __init__(
        self, key: bytes, delta: float = DELTA, entropy_floor: float = ENTROPY_FLOOR
    ) -> None:
        if len(key) < 16:
            raise ValueError(f"the key of the watermark must have 16 bytes or more, not {len(key)}")
        self._key = key
        self.delta = delta
        self.entropy_floor = entropy_floor
        self._lists: dict[tuple[int, int], NDArray[np.bool_]] = {}

    def applied(self, account: Account, request: ChatRequest) -> Applied | None:
        """Only accounts under the measure ``perturb`` get other answers."""
        if not account.under("perturb"):
            return None
        return Applied(keyed_draw(self._key, request.messages, request.sampling), self.step)

    def green_list(self, previous: int, vocabulary: int) -> NDArray[np.bool_]:
        """Which of ``vocabulary`` tokens are green after ``previous``: bits of HMAC-SHA256."""
        known = self._lists.get((previous, vocabulary))
        if known is not None:
            return known
        blocks = (
            hmac.digest(self._key, f"{previous}:{block}".encode(), hashlib.sha256)
            for block in range(-(-vocabulary // 256))
        )
        bits = np.unpackbits(np.frombuffer(b"".join(blocks), np.uint8))
        green = bits[:vocabulary].astype(np.bool_)
        self._lists[previous, vocabulary] = green
        return green

    def step(self, logits: Logits, before: Sequence[int]) -> Logits:
        """Logits (vocabulary,) with green tokens raised, or unchanged below the floor."""
        if entropy(logits) < self.entropy_floor:
            return logits
        green = self.green_list(before[-1], logits.shape[0]).astype(np.float32)
        raised: Logits = logits + np.float32(self.delta) * green
        return raised
