"""Lossless bucketed sampling (lossless anti-distillation sampling, 2026).

The seed of an answer is a keyed function of the bucket into which the prompt falls and of how
often the account asked in that bucket. Each account alone gets the declared law, since none of its
answers shares a seed with another before ``visits`` of them; but all accounts of a scope get the
same answers, so pooling them gains a student nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import ClassVar, Literal

from drs_reference.gateway.sampling import Sampling
from drs_reference.perturbation.base import Applied
from drs_reference.perturbation.covert import ClusterOf, CovertMechanism, alone
from drs_reference.perturbation.keyed_draw import keyed_draw
from drs_reference.perturbation.keys import integer, scoped_key
from drs_reference.perturbation.schema_part import Parameters

__all__ = ["BucketedParameters", "BucketedSampling", "normalised"]


@dataclass(frozen=True)
class BucketedParameters(Parameters):
    """Number of buckets, visits after which their seeds begin again, and who shares seeds."""

    mechanism: ClassVar[str] = "bucketed-sampling"
    buckets: int = 65536
    visits: int = 1024
    key_scope: Literal["cluster", "provider"] = "cluster"


def normalised(messages: Sequence[tuple[str, str]]) -> str:
    """What is left of a prompt when case, punctuation, order and repetition of words are not."""
    text = unicodedata.normalize("NFKC", " ".join(text for _, text in messages)).casefold()
    return " ".join(sorted(set(re.findall(r"\w+", text))))


class BucketedSampling(CovertMechanism):
    """The mechanism with its secret key of at least 16 bytes. Visits are counted in memory."""

    kind = BucketedParameters

    def __init__(
        self,
        key: bytes,
        parameters: BucketedParameters | None = None,
        *,
        cluster_of: ClusterOf = alone,
    ) -> None:
        super().__init__(key, cluster_of)
        self.parameters = parameters or BucketedParameters()
        self._visits: Counter[tuple[str, int]] = Counter()
        self._lock = Lock()

    def answering(
        self,
        messages: Sequence[tuple[str, str]],
        sampling: Sampling,
        account: str = "",
        cluster: str | None = None,
    ) -> Applied:
        """The next answer of an account; under a seed of the caller's, always the same one."""
        drawn = keyed_draw(self._key, messages, sampling)
        if drawn is not sampling:
            return Applied(drawn)
        bucket = self.bucket(messages)
        visit = sampling.seed
        if visit is None:
            with self._lock:
                visit = self._visits[account, bucket]
                self._visits[account, bucket] += 1
        return Applied(replace(sampling, seed=self.seed(bucket, visit, account, cluster)))

    def bucket(self, messages: Sequence[tuple[str, str]]) -> int:
        """The bucket of a prompt, from 0."""
        return integer(self._key, f"bucket:{normalised(messages)}") % self.parameters.buckets

    def seed(self, bucket: int, visit: int, account: str = "", cluster: str | None = None) -> int:
        """The seed of a visit to a bucket."""
        key = scoped_key(self._key, self.parameters.key_scope, account, cluster)
        return integer(key, f"seed:{bucket}:{visit % self.parameters.visits}")
