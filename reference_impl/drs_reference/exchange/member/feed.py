"""Following the hub: a push is only a knock, after which the member looks for itself.

One thread listens, another pulls: after each knock, and every ``poll_s`` seconds anyway, so that a
channel which is silent or broken only makes the member later.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable

from drs_reference.exchange.member.hub_client import Channel, HubError
from drs_reference.exchange.member.intake import HaltedError
from drs_reference.exchange.member.member import Member, Pulled

__all__ = ["Feed"]

log = logging.getLogger(__name__)
_JOIN_S = 30


def unconcerned(_: Pulled) -> None:
    """Do nothing."""


class Feed:
    """Keeps a member up to date in threads of its own, from ``start`` to ``stop``."""

    def __init__(self, member: Member, after: Callable[[Pulled], None] = unconcerned) -> None:
        """``after`` is called after each round that succeeded."""
        self._member = member
        self._after = after
        self._stopped = threading.Event()
        self._knock = threading.Event()
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._threads = [
            threading.Thread(target=self._pull, name="exchange-pull", daemon=True),
            threading.Thread(target=self._listen, name="exchange-listen", daemon=True),
        ]

    def start(self) -> None:
        """Begin to follow."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, after the page that is being taken in."""
        self._stopped.set()
        self._knock.set()
        with self._lock, contextlib.suppress(OSError):
            if self._channel is not None:
                self._channel.end()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _pull(self) -> None:
        failures, told = 0, ""
        try:
            self._member.refresh()
        except Exception as error:
            log.exception("what is held could not be put in force: %s", type(error).__name__)
        while not self._stopped.is_set():
            self._knock.clear()
            try:
                pulled = self._member.pull()
                failures, told = 0, ""
                if pulled.taken or pulled.refused:
                    log.info("from the hub: %s", pulled)
                self._after(pulled)
            except HaltedError as error:
                # Until somebody looks into it, it is told with every round.
                failures += 1
                log.error("NOTHING MORE IS TAKEN IN FROM THE HUB: %s", error)
            except HubError as error:
                failures += 1
                if str(error) != told:
                    told = str(error)
                    log.error("the hub could not be pulled from: %s", error)
            except Exception as error:
                failures += 1
                log.exception("a round failed: %s", type(error).__name__)
            poll_s = self._member.settings.poll_s
            if failures:
                self._stopped.wait(_backoff_s(failures, poll_s))
            else:
                self._knock.wait(poll_s)

    def _listen(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                with self._member.client.pushed(self._member.log_size()) as channel:
                    with self._lock:
                        self._channel = channel
                    if self._stopped.is_set():
                        return
                    # What was added before the channel was open is found by looking.
                    self._knock.set()
                    for _ in channel.indexes():
                        failures = 0
                        self._knock.set()
            except HubError as error:
                if not failures and not self._stopped.is_set():
                    log.info("no push from the hub, it is asked instead: %s", error)
            except Exception as error:
                log.exception("listening failed: %s", type(error).__name__)
            finally:
                with self._lock:
                    self._channel = None
            failures += 1
            self._stopped.wait(_backoff_s(failures, self._member.settings.poll_s))


def _backoff_s(failures: int, most: float) -> float:
    return float(min(most, 2 ** min(failures, 16)))
