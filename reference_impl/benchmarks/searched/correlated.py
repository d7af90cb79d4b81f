"""Lossless correlated sampling: all of a cluster get the same draw for the same prompt.

The seed is that of `perturbation/bucketed.py`, without its count of visits: over keys each answer
has the declared law, and asking again, or from another account of the cluster, brings the same
answer. A vote over repetitions then has nothing to vote on.
"""

from __future__ import annotations

from drs_reference.model.language import Sample
from drs_reference.perturbation.bucketed import BucketedParameters, BucketedSampling

from searched.candidate import Candidate

__all__ = ["CorrelatedSampling"]


class CorrelatedSampling(Candidate):
    """The mechanism."""

    name = "correlated sampling"
    idea = "one draw for each prompt and cluster, however often it is asked"

    def __init__(self, key: bytes) -> None:
        self._sampling = BucketedSampling(key, BucketedParameters(visits=1))

    def draw(self, sample: Sample, cluster: str, account: int, visit: int) -> int:
        """Return the seed of the bucket of a prompt."""
        bucket = self._sampling.bucket(sample.messages)
        return self._sampling.seed(bucket, visit, str(account), cluster) % 2**32
