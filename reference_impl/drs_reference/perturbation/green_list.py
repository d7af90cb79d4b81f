"""Soft green-list watermark (Kirchenbauer et al. 2023, arXiv:2301.10226), keyed.

At each position a key and the previous token choose half of the vocabulary, the green list; the
logits of green tokens rise by ``delta``. Two kinds of position pass untouched: those with an
entropy below a floor, where there is a right answer (facts, numbers, code), and those where the
most probable token, the greedy choice, would change.
"""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
from numpy.typing import NDArray

from drs_reference.perturbation.base import Logits
from drs_reference.response.procedure import Account

DELTA = 0.25
"""Rise of green logits, nats."""
ENTROPY_FLOOR = 1.0
"""Positions with less entropy than this, nats, pass untouched."""


def _log_probabilities(logits: Logits) -> NDArray[np.float64]:
    exact = logits.astype(np.float64)
    shifted = exact - exact.max()
    normalised: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return normalised


def entropy(logits: Logits) -> float:
    """Shannon entropy of the distribution of ``logits``, nats."""
    log_p = _log_probabilities(logits)
    finite = np.isfinite(log_p)
    return float(-(np.exp(log_p[finite]) * log_p[finite]).sum())


def divergence(perturbed: Logits, clean: Logits) -> float:
    """Exact KL(perturbed || clean) of one step, nats."""
    log_q, log_p = _log_probabilities(perturbed), _log_probabilities(clean)
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
        self._delta = delta
        self._floor = entropy_floor
        self._lists: dict[tuple[int, int], NDArray[np.bool_]] = {}

    def applies_to(self, account: Account) -> bool:
        """Only accounts under the measure ``perturb``."""
        return account.under("perturb")

    def green_list(self, previous: int, vocabulary: int) -> NDArray[np.bool_]:
        """Which half (rounded down) of ``vocabulary`` tokens is green after ``previous``.

        Every token gets eight bytes of HMAC-SHA256 in counter mode; the smaller half is green.
        """
        known = self._lists.get((previous, vocabulary))
        if known is not None:
            return known
        blocks = (
            hmac.digest(self._key, f"{previous}:{block}".encode(), hashlib.sha256)
            for block in range(-(-vocabulary // 4))
        )
        ranks = np.frombuffer(b"".join(blocks), dtype=">u8")[:vocabulary]
        green = np.zeros(vocabulary, np.bool_)
        green[np.argsort(ranks, kind="stable")[: vocabulary // 2]] = True
        self._lists[previous, vocabulary] = green
        return green

    def step(self, logits: Logits, previous: int) -> Logits:
        """Logits (vocabulary,) with the green half raised, or unchanged (see the module)."""
        if entropy(logits) < self._floor:
            return logits
        raised: Logits = logits + np.float32(self._delta) * self.green_list(
            previous, logits.shape[0]
        ).astype(np.float32)
        return raised if int(raised.argmax()) == int(logits.argmax()) else logits
