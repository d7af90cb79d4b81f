"""The eligibility policy of an endpoint, as it declares it and as it applies it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from drs_reference.eligibility.criteria import Criterion
from drs_reference.eligibility.document import (
    PolicyError,
    complete,
    default_policy,
    read_lists,
    read_policy,
)
from drs_reference.eligibility.policy import Policy
from drs_reference.response.procedure import Account
from drs_reference.signing import Signer

__all__ = ["Eligibility", "declared_policy"]


class Eligibility:
    """Decides at the request path; ``document`` is what the endpoint publishes."""

    def __init__(self, document: Mapping[str, Any], policy: Policy) -> None:
        self.document = document
        self.policy = policy

    def deciding(self, account: Account, surface: str, now: datetime) -> Criterion | None:
        """The criterion that keeps an account off a surface, or None."""
        if account.facts is None or not self.policy.holds(surface, now):
            return None
        return self.policy.deciding(account.facts)

    def excluding(self, account: Account) -> frozenset[str]:
        """Every criterion that excludes an account, by its identifier."""
        facts = account.facts
        if facts is None:
            return frozenset()
        return frozenset(one.id for one in self.policy.criteria if one.excludes(facts))


def declared_policy(
    path: Path | None,
    lists: Mapping[str, Path],
    *,
    issuer: str,
    appeals: str,
    surfaces: Sequence[str],
    signer: Signer,
    now: datetime,
) -> Eligibility:
    """The policy of a file, signed; without one that of invented criteria on all surfaces.

    ``lists`` are copies of lists of parties, by criterion. Raises ``PolicyError``.
    """
    written = default_policy(now, surfaces) if path is None else read_policy(path)
    where = "the policy" if path is None else str(path)
    document = complete(
        written, issuer=issuer, appeals=appeals, surfaces=surfaces, signer=signer, where=where
    )
    # The list of the invented criterion is its test parties and nobody else.
    entries = {} if path is None and not lists else read_lists(document, lists)
    policy = Policy.of(document, entries)
    if policy.valid_until <= now:
        raise PolicyError(f"{where}: valid_until has passed; got {document['valid_until']}")
    return Eligibility(document, policy)
