"""What a perturbation mechanism offers."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from drs_reference.response.procedure import Account

Logits = NDArray[np.float32]


class Perturbation(Protocol):
    """A mechanism of the mechanisms registry."""

    @property
    def mechanism(self) -> str:
        """Entry of the mechanisms registry."""

    @property
    def covert(self) -> bool:
        """Whether the class of the mechanism is covert."""

    def applies_to(self, account: Account) -> bool:
        """Whether answers for the account are perturbed."""

    def step(self, logits: Logits, previous: int) -> Logits:
        """Logits (vocabulary,) that are sampled instead, after the token ``previous``."""
