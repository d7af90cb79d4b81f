"""Tournament sampling (SynthID-Text; Dathathri et al. 2024, Nature 634, 818-823).

In each layer candidates drawn from the law so far meet, and one to whom the key gave a 1 beats one
with a 0; of equals chance takes one. The law of the winner is known exactly. With two candidates
it is p (1 + g - G), G being the share of the law with a 1, and so the declared law over keys; with
three it is not. ``match_share`` is how many of the matches are played; chance decides the others.
That keeps what holds over keys and lets the strength for one key be small: with one layer the
mechanism is a soft green list without its bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from drs_reference.gateway.sampling import Floats
from drs_reference.perturbation.covert import ENTROPY_FLOOR, ClusterOf, alone
from drs_reference.perturbation.keyed_sampling import Context, KeyedSampling
from drs_reference.perturbation.keys import bits
from drs_reference.perturbation.schema_part import Parameters

__all__ = ["DEFAULT", "TournamentParameters", "TournamentWatermark"]


@dataclass(frozen=True)
class TournamentParameters(Parameters):
    """Layers, tokens that seed a draw, whether two meet in a match, share of matches played."""

    mechanism: ClassVar[str] = "tournament-watermark"
    layers: int = 1
    context_tokens: int = 2
    distortion_free: bool = True
    match_share: float = 1.0


DEFAULT = TournamentParameters(match_share=0.25)


class TournamentWatermark(KeyedSampling):
    """The mechanism with its secret key of at least 16 bytes."""

    kind = TournamentParameters

    def __init__(
        self,
        key: bytes,
        parameters: TournamentParameters | None = None,
        *,
        entropy_floor: float = ENTROPY_FLOOR,
        cluster_of: ClusterOf = alone,
    ) -> None:
        self.parameters = parameters or DEFAULT
        super().__init__(
            key,
            self.parameters.context_tokens,
            entropy_floor=entropy_floor,
            cluster_of=cluster_of,
        )
        self.shift = min(1.0, self.parameters.layers * self.parameters.match_share**2 / 4)

    def keyed_law(self, key: bytes, declared: Floats, context: Context) -> Floats:
        """The law of the winner of the last layer."""
        meeting = 2 if self.parameters.distortion_free else 3
        law = declared
        for ones in bits(key, context, (self.parameters.layers, declared.shape[0])):
            share = float(law[ones].sum())
            if not 0 < share < 1:
                continue
            with_one = (1 - (1 - share) ** meeting) / share
            without = (1 - share) ** (meeting - 1)
            won = law * np.where(ones, with_one, without)
            law = law + self.parameters.match_share * (won - law)
        return law

    def scores(self, key: bytes, context: Context, vocabulary: int) -> Floats:
        """Scores (layers, vocabulary): a half for tokens with a 1, less a half for others."""
        ones = bits(key, context, (self.parameters.layers, vocabulary))
        return ones.astype(np.float64) - 0.5

    def log_mgf(self, x: Floats) -> Floats:
        """Log of the expectation of exp(x score) over keys."""
        found: Floats = np.logaddexp(x / 2, -x / 2) - np.log(2)
        return found
