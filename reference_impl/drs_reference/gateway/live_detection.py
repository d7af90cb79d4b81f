"""Live detection: what accounts send is watched, and evidence reaches the ladder by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol

from drs_reference.detection.detector import Calibration
from drs_reference.detection.live import Traffic
from drs_reference.gateway.accounts import Accounts
from drs_reference.response.procedure import Account

__all__ = ["Listener", "LiveDetection"]

log = logging.getLogger(__name__)
_EVIDENCE = ("prompt-structure",)


class Listener(Protocol):
    """Whom live detection tells what it does."""

    def campaign(self, accounts: Sequence[str]) -> object:
        """Accounts of one campaign, after evidence was applied to them."""

    def forget(self, account: str) -> None:
        """An account that is to be forgotten."""


class LiveDetection:
    """Watches requests. Nothing that an account is told, nor when, depends on what is found.

    Evidence is applied by a thread of its own, so that no answer waits for it.
    """

    def __init__(self, calibration: Calibration, false_positive_rate: float) -> None:
        """``false_positive_rate`` bounds the share of benign hours with an alarm."""
        self.calibration = calibration
        self.threshold = 1 / false_positive_rate
        self._traffic = Traffic()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, "live-detection")
        self.listener: Listener | None = None

    def watch(self, accounts: Accounts, account: Account, prompt: str, at: datetime) -> None:
        """Take in a request. What was evidence once is forgotten: more of it needs more traffic."""
        with self._lock:
            found = self._traffic.add(account.name, prompt, at)
            if found is None or self.calibration.e_value(found.statistic) < self.threshold:
                return
            self._traffic.use_up(found)
            self._worker.submit(self.act, accounts, found.accounts)

    def act(self, accounts: Accounts, personas: Sequence[str]) -> None:
        """Apply evidence to accounts of a cluster."""
        try:
            for persona in personas:
                accounts.suspect(persona, _EVIDENCE)
        except Exception as error:
            log.error("evidence could not be applied: %s", type(error).__name__)
        if self.listener is not None:
            self.listener.campaign(personas)

    def forget(self, account: Account) -> None:
        """Forget what an account sent, once all evidence so far has been applied."""
        with self._lock:
            self._traffic.forget([account.name])
        self._worker.submit(lambda: None).result()
        if self.listener is not None:
            self.listener.forget(account.name)
