"""Clusters: accounts that spend a good part of their requests on one template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from drs_reference.detection.evidence import Evidence, weigh
from drs_reference.detection.fingerprints import fingerprints
from drs_reference.detection.windows import Activity, Request, Window

__all__ = ["Cluster", "find_clusters"]

_SHARE = 0.1
"""Of an account's requests; below, a template is one of the many that people have in common."""
_REQUESTS = 3
_ACCOUNTS = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """Accounts with a template in common, and what speaks for a campaign."""

    accounts: tuple[str, ...]
    evidence: Evidence


def find_clusters(window: Window) -> list[Cluster]:
    """Return disjoint clusters, that with the strongest evidence first.

    What accounts share besides templates makes no cluster: an address has many users.
    """
    accounts = {account.account: account for account in window.accounts}
    made = _by_fingerprint(window)
    rated = sorted(
        (
            (weigh([accounts[name] for name in hub], list(hub.values())), number)
            for number, hub in enumerate(made)
        ),
        reverse=True,
    )
    clusters: list[Cluster] = []
    taken: set[str] = set()
    for evidence, number in rated:
        hub = {name: sent for name, sent in made[number].items() if name not in taken}
        if len(hub) < _ACCOUNTS:
            continue
        if len(hub) < len(made[number]):
            evidence = weigh([accounts[name] for name in hub], list(hub.values()))
        clusters.append(Cluster(tuple(hub), evidence))
        taken |= hub.keys()
    return sorted(clusters, key=lambda cluster: -cluster.evidence)


def _by_fingerprint(window: Window) -> list[Mapping[str, list[Request]]]:
    """Return the accounts of each fingerprint with their requests, where they are enough."""
    hubs: dict[tuple[int, int], dict[str, list[Request]]] = defaultdict(dict)
    for account in window.accounts:
        for fingerprint, sent in _spread(account).items():
            if len(sent) >= max(_REQUESTS, _SHARE * len(account.requests)):
                hubs[fingerprint][account.account] = sent
    different = {tuple(sorted(hub)): hub for hub in hubs.values() if len(hub) >= _ACCOUNTS}
    return list(different.values())


def _spread(account: Activity) -> Mapping[tuple[int, int], list[Request]]:
    """Return the requests of an account by fingerprint."""
    spread: dict[tuple[int, int], list[Request]] = defaultdict(list)
    for request in account.requests:
        for fingerprint in fingerprints(request.prompt):
            spread[fingerprint].append(request)
    return spread
