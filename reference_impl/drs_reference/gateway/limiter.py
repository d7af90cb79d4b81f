"""Request quotas in fixed windows, and the fields that announce them.

Fields: draft-ietf-httpapi-ratelimit-headers (``RateLimit-Policy``, ``RateLimit``).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drs_reference.response.procedure import Account


@dataclass(frozen=True, slots=True)
class Policy:
    """At most ``quota`` requests in each window of ``window_s`` seconds."""

    name: str
    quota: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What one request left of a policy; ``reset_s`` whole seconds to the next window."""

    policy: Policy
    allowed: bool
    remaining: int
    reset_s: int


DEFAULT = Policy("default", 6000, 60)
GRADUATED = Policy("graduated", 5, 60)


class Limiter:
    """Counts the inference requests of each account; a window begins with its first request."""

    def __init__(self, default: Policy = DEFAULT, graduated: Policy = GRADUATED) -> None:
        self.default = default
        self.graduated = graduated
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[datetime, int]] = {}

    def policy(self, account: Account) -> Policy:
        """The policy in force: the graduated one under the measure ``throttle``."""
        return self.graduated if account.under("throttle") else self.default

    def take(self, account: Account, now: datetime) -> Quota:
        """Count one request at ``now`` by the account's clock."""
        policy = self.policy(account)
        length = timedelta(seconds=policy.window_s)
        with self._lock:
            start, used = self._windows.get((account.id, policy.name), (now, 0))
            if not start <= now < start + length:
                start, used = now, 0
            allowed = used < policy.quota
            used += allowed
            self._windows[account.id, policy.name] = start, used
        reset_s = math.ceil((start + length - now) / timedelta(seconds=1))
        return Quota(policy, allowed, policy.quota - used, reset_s)

    def empty(self, account: Account) -> None:
        """Forget what the account used."""
        with self._lock:
            for key in [key for key in self._windows if key[0] == account.id]:
                del self._windows[key]

    def fields(self, quota: Quota) -> Mapping[str, str]:
        """Response fields; ``Retry-After`` only when the request was refused."""
        policy = quota.policy
        fields = {
            "RateLimit-Policy": f'"{policy.name}";q={policy.quota};w={policy.window_s}',
            "RateLimit": f'"{policy.name}";r={quota.remaining};t={quota.reset_s}',
        }
        return fields if quota.allowed else {**fields, "Retry-After": str(quota.reset_s)}
