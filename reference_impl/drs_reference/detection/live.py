"""Campaigns in traffic as it comes: accounts that divide one template and send equal amounts.

Traffic is read hour by hour. The statistic of an hour is the greatest that any look at it shows,
and it is calibrated on the greatest of benign hours, so looking often does not raise the rate of
false alarms. No address is kept: nothing here may rest on one (DET-05).
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from statistics import fmean, pstdev
from zlib import crc32

from drs_reference.detection.fingerprints import fingerprints

__all__ = ["CALIBRATION", "Suspicion", "Traffic"]

CALIBRATION = Path(__file__).with_name("live_calibration.json")
HOUR = timedelta(hours=1)

# What is kept, so that memory is bounded: some 70 MB in the worst case.
_ACCOUNTS_KEPT = 1000
_REQUESTS_KEPT = 32
_CHARACTERS = 256

_SHARE = 0.3
"""Of an account's requests; below, a template is one of the many that people have in common."""
_REQUESTS = 4
_ACCOUNTS = 5
_DIVIDED = 0.8
"""Of the different prompts, sent by one account alone."""
_ACCOUNTS_WEIGHED = 8
"""More of them add nothing: everybody has sent equal amounts when an hour has just begun."""
_ACCOUNTS_SEEN = 32
"""In one look, so that it takes less than a millisecond; the rest is seen once these are gone."""
_SPREAD = 0.6
"""Of honest accounts' amounts, over their mean."""
# With 1 or more the few hours of the calibration that are most like a campaign would decide.
_SHARPNESS = 0.8
_ROUNDING = 0.5
"""Requests: the spread of equal amounts in the middle of a round."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Accounts with a template in common, and what speaks for a campaign."""

    accounts: tuple[str, ...]
    statistic: float


@dataclass(slots=True)
class _Sender:
    """What is known of one account: how much it sent, and its last prompts."""

    amount: int = 0
    kept: deque[tuple[int, tuple[tuple[int, int], ...]]] = field(default_factory=deque)

    def marks(self) -> set[tuple[int, int]]:
        """Return the fingerprints of the prompts that are kept."""
        return {mark for _, marks in self.kept for mark in marks}


@dataclass(slots=True)
class _Hub:
    """Requests with one fingerprint by account, in all, and since somebody looked."""

    by_account: Counter[str] = field(default_factory=Counter)
    total: int = 0
    new: int = 0


class Traffic:
    """The present hour. Not safe for use from several threads."""

    def __init__(self) -> None:
        self._until: datetime | None = None
        self._senders: OrderedDict[str, _Sender] = OrderedDict()
        self._hubs: dict[tuple[int, int], _Hub] = {}

    def add(self, account: str, prompt: str, at: datetime) -> Suspicion | None:
        """Take in a request; return the strongest suspicion that a look showed, if one was due."""
        if self._until is None or at >= self._until:
            self._until = at + HOUR
            self._senders.clear()
            self._hubs.clear()
        sender = self._senders.setdefault(account, _Sender())
        self._senders.move_to_end(account)
        if len(self._senders) > _ACCOUNTS_KEPT:
            self.forget([next(iter(self._senders))])
        if len(sender.kept) == _REQUESTS_KEPT:
            self._drop(account, sender)
        marks = fingerprints(prompt[:_CHARACTERS])
        sender.amount += 1
        sender.kept.append((crc32(prompt.encode("utf-8", "surrogatepass")), marks))
        shown = [self._count(account, mark) for mark in marks]
        return max(filter(None, shown), key=lambda found: found.statistic, default=None)

    def use_up(self, suspicion: Suspicion) -> None:
        """Forget whoever shares a template with the accounts of a suspicion, and begin anew."""
        shared = {mark for name in suspicion.accounts for mark in self._senders[name].marks()}
        self.forget({account for mark in shared for account in self._hubs[mark].by_account})

    def forget(self, accounts: Iterable[str]) -> None:
        """Forget what accounts sent."""
        for account in accounts:
            sender = self._senders.pop(account, None)
            while sender is not None and sender.kept:
                self._drop(account, sender)

    def _drop(self, account: str, sender: _Sender) -> None:
        """Forget the oldest request of an account."""
        _, marks = sender.kept.popleft()
        for mark in marks:
            hub = self._hubs[mark]
            hub.total -= 1
            hub.by_account[account] -= 1
            if not hub.by_account[account]:
                del hub.by_account[account]
            if not hub.total:
                del self._hubs[mark]

    def _count(self, account: str, mark: tuple[int, int]) -> Suspicion | None:
        hub = self._hubs.setdefault(mark, _Hub())
        hub.by_account[account] += 1
        hub.total += 1
        hub.new += 1
        # A look costs as much as a hub is large, and is due when it has grown by a quarter.
        if len(hub.by_account) < _ACCOUNTS or hub.new < max(8, hub.total / 2):
            return None
        hub.new = 0
        return self._look(mark, hub)

    def _look(self, mark: tuple[int, int], hub: _Hub) -> Suspicion | None:
        """Weigh the accounts that use a template together with the others that these use."""
        often = (name for name, sent in hub.by_account.items() if sent > 1)
        users = list(islice(often, _ACCOUNTS_SEEN))
        if len(users) < _ACCOUNTS:
            return None
        used = Counter(mark for name in users for mark in self._senders[name].marks())
        family = {mark for mark, by in used.items() if by >= len(users) / 2}
        names = dict.fromkeys(users)
        others = chain.from_iterable(self._hubs[mark].by_account for mark in family)
        while len(names) < _ACCOUNTS_SEEN and (other := next(others, None)):
            names[other] = None
        work = {}
        for name in names:
            sender = self._senders[name]
            prompts = [p for p, marks in sender.kept if not family.isdisjoint(marks)]
            if len(prompts) >= max(_REQUESTS, _SHARE * len(sender.kept)):
                work[name] = set(prompts)
        senders = Counter(prompt for prompts in work.values() for prompt in prompts)
        alone = sum(by == 1 for by in senders.values())
        if len(work) < _ACCOUNTS or alone < _DIVIDED * len(senders):
            return None
        return Suspicion(tuple(work), _evenness([self._senders[name].amount for name in work]))


def _evenness(amounts: Sequence[int]) -> float:
    """Return how much closer the amounts lie together than those of honest accounts.

    Each account after the first counts as one factor, the usual spread over the one at hand.
    """
    ratio = _SPREAD * fmean(amounts) / (pstdev(amounts) + _ROUNDING)
    return math.pow(ratio, _SHARPNESS * (min(len(amounts), _ACCOUNTS_WEIGHED) - 1))
