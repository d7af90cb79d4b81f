"""What accounts sent of late, kept so that a campaign which is found can be described.

Prompts are users' words: they stay in memory, for an hour, in bounded numbers, and what leaves is
what the chapter Signatures lets leave of them.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drs_reference.exchange.campaigns import Campaign, GroupKey
from drs_reference.exchange.winnowing import chosen, gram_hashes
from drs_reference.exchange.words import words

__all__ = ["RecentPrompts", "Tally"]

_KEPT_FOR = timedelta(hours=1)
# Some 32 MB in the worst case.
_ACCOUNTS = 2000
_PROMPTS = 8
_CHARACTERS = 2000
_ALIKE = 0.5
"""Of the accounts that were found, to call a fingerprint theirs; and of those, in a prompt."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often requests of some accounts matched one signature."""

    accounts: int
    requests: int
    first_seen: datetime
    last_seen: datetime


@dataclass(slots=True)
class _Sender:
    prompts: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=_PROMPTS))
    matched: dict[str, list[datetime]] = field(default_factory=dict)


class RecentPrompts:
    """Prompts by account. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._senders: OrderedDict[str, _Sender] = OrderedDict()

    def add(self, account: str, prompt: str, at: datetime, signatures: Iterable[str]) -> None:
        """Keep a prompt, and which signatures it matched."""
        with self._lock:
            sender = self._senders.setdefault(account, _Sender())
            self._senders.move_to_end(account)
            sender.prompts.append((at, prompt[:_CHARACTERS]))
            for id in signatures:
                times = sender.matched.setdefault(id, [])
                del times[1:-_PROMPTS]
                times.append(at)
            while self._senders and self._is_over(next(iter(self._senders.values())), at):
                self._senders.popitem(last=False)

    def described(self, campaign: Campaign, signature: str) -> None:
        """Note that a signature describes what accounts sent before it was in force."""
        with self._lock:
            for account in campaign.texts_by_account:
                sender = self._senders.get(account)
                if sender is not None:
                    sender.matched.setdefault(signature, []).append(campaign.last_seen)

    def forget(self, account: str) -> None:
        """Forget what an account sent."""
        with self._lock:
            self._senders.pop(account, None)

    def matched(self, accounts: Sequence[str]) -> Mapping[str, Tally]:
        """What requests of these accounts matched, by signature."""
        found: dict[str, list[list[datetime]]] = {}
        with self._lock:
            for sender in map(self._senders.get, accounts):
                for id, times in sender.matched.items() if sender else ():
                    found.setdefault(id, []).append(list(times))
        return {
            id: Tally(
                accounts=len(each),
                requests=sum(map(len, each)),
                first_seen=min(times[0] for times in each),
                last_seen=max(times[-1] for times in each),
            )
            for id, each in found.items()
        }

    def campaign(self, accounts: Sequence[str], key: GroupKey) -> Campaign | None:
        """The prompts like those that these accounts have in common, by everybody who sent any.

        None where they have nothing in common any more.
        """
        with self._lock:
            kept = {name: tuple(sender.prompts) for name, sender in self._senders.items()}
        marks = {
            name: [(at, prompt, _fingerprints(prompt, key)) for at, prompt in prompts]
            for name, prompts in kept.items()
        }
        found = [name for name in accounts if name in marks]
        used = Counter(
            mark for name in found for mark in set().union(*(each[2] for each in marks[name]))
        )
        template = {mark for mark, by in used.items() if by >= _ALIKE * len(found)}
        if not template:
            return None
        alike = {
            name: [
                (at, prompt)
                for at, prompt, own in each
                if len(own & template) >= _ALIKE * min(len(template), len(own) or 1)
            ]
            for name, each in marks.items()
        }
        times = [at for prompts in alike.values() for at, _ in prompts]
        if not times:
            return None
        texts = {name: [text for _, text in prompts] for name, prompts in alike.items() if prompts}
        return Campaign(texts, min(times), max(times))

    def _is_over(self, oldest: _Sender, now: datetime) -> bool:
        return len(self._senders) > _ACCOUNTS or now - oldest.prompts[-1][0] > _KEPT_FOR


def _fingerprints(prompt: str, key: GroupKey) -> set[int]:
    return set(chosen(gram_hashes(words(prompt), key.key, key.k), key.w).tolist())
