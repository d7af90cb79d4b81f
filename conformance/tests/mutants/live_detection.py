"""Mutants whose score hook is as it should be, and whose live detection is not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from drs_reference.detection.detector import Calibration
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.live_detection import LiveDetection
from drs_reference.gateway.parts import Parts
from drs_reference.response.procedure import Account

from mutants.mutant import mutant

LATE = 60
"""Requests of an account in a campaign that is noticed late."""
ENOUGH = 6
"""Requests after which somebody who did nothing is suspected."""


class Counting(LiveDetection):
    """Counts what each account has sent since its reset."""

    def __init__(self, calibration: Calibration, false_positive_rate: float) -> None:
        super().__init__(calibration, false_positive_rate)
        self.sent: Counter[str] = Counter()

    def watch(self, accounts: Accounts, account: Account, prompt: str, at: datetime) -> None:
        self.sent[account.name] += 1
        super().watch(accounts, account, prompt, at)

    def forget(self, account: Account) -> None:
        super().forget(account)
        del self.sent[account.name]


def watched(parts: Parts, kind: type[LiveDetection]) -> Parts:
    detection = kind(parts.live_detection.calibration, parts.terms.false_positive_rate)
    return replace(parts, live_detection=detection)


@mutant(breaks=["DET-02"], strengths={"weak": 0.7, "middle": 0.1, "strong": 0.0})
def campaigns_are_noticed_late(parts: Parts, in_time: float) -> Parts:
    """In most campaigns an account sends sixty requests before anything happens to it."""

    class Late(Counting):
        is_late = False

        def act(self, accounts: Accounts, personas: Sequence[str]) -> None:
            if not self.is_late or max(self.sent[name] for name in personas) >= LATE:
                super().act(accounts, personas)

        def forget(self, account: Account) -> None:
            super().forget(account)
            # Campaigns begin with resets; the last one decides.
            self.is_late = random.random() >= in_time

    return watched(parts, Late)


@mutant(breaks=["DET-02"])
def enforcement_is_deaf(parts: Parts) -> Parts:
    """The detector scores what it should, and nobody acts on it."""

    class Deaf(LiveDetection):
        def act(self, accounts: Accounts, personas: Sequence[str]) -> None:
            return

    return watched(parts, Deaf)


@mutant(breaks=["DET-10"], strengths={"weak": 0.2, "middle": 0.6, "strong": 1.0})
def anybody_is_suspected(parts: Parts, share: float) -> Parts:
    """Many accounts are throttled once they have sent a few requests, whatever these are."""

    class Happy(Counting):
        def watch(self, accounts: Accounts, account: Account, prompt: str, at: datetime) -> None:
            super().watch(accounts, account, prompt, at)
            # A run rests on `control`, so it is left alone here.
            chosen = self.sent[account.name] == ENOUGH and random.random() < share
            if chosen and account.name != "control":
                self._worker.submit(self.act, accounts, [account.name] * 2)

    return watched(parts, Happy)


@mutant(breaks=["DET-10"])
def bystanders_are_measured(parts: Parts) -> Parts:
    """Whoever was active when a campaign is noticed is taken for a part of it."""

    class Sweeping(Counting):
        def act(self, accounts: Accounts, personas: Sequence[str]) -> None:
            super().act(accounts, list(self.sent))

    return watched(parts, Sweeping)
