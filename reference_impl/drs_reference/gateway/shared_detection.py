"""Signatures of the group at work in the endpoint: what matches is evidence, what is found is told.

Beside live detection, and like it: nothing that an account is told, nor when, waits for any of it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drs_reference.exchange.campaigns import NotPublishableError, Terms, campaign_signature
from drs_reference.exchange.matching import RequestFeatures
from drs_reference.exchange.sightings import ACTIONS
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.recent_prompts import RecentPrompts
from drs_reference.response.procedure import Account
from drs_reference.server_process import ServeError

if TYPE_CHECKING:
    from drs_reference.exchange.member.force import RuledMatch
    from drs_reference.exchange.member.member import Member

__all__ = ["SharedDetection", "sharing"]

log = logging.getLogger(__name__)
_EVIDENCE = {"network-range": "network", "literal": "prompt-structure"}
"""The kind of evidence of an attack class, where they differ in name."""
_OBSERVED = ("standing",)
_THROTTLED = ("standing", "observed")
_WAITING_MAX = 16 << 20
"""Characters that wait to be matched; requests beyond are not matched."""
_COVERED = 0.5
"""Of the accounts of a campaign, to call it one that a signature describes."""


class SharedDetection:
    """Matches requests with the signatures in force, and publishes campaigns that were found."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._recent = RecentPrompts()
        self._lock = threading.Lock()
        self._waiting = 0
        self._matching = ThreadPoolExecutor(1, "shared-detection")
        self._publishing = ThreadPoolExecutor(1, "shared-publishing")

    @property
    def member(self) -> Member:
        """Who takes part in the exchange."""
        return self._member

    def watch(
        self,
        accounts: Accounts,
        account: Account,
        chat: ChatRequest,
        withholds: bool,
        address: str | None,
        at: datetime,
    ) -> None:
        """Take in a request; returns at once. ``withholds`` says that its answer is reasoned."""
        request = RequestFeatures(
            text=chat.question,
            address=address,
            features={"req.asks_logprobs": chat.logprobs, "req.asks_reasoning": withholds},
        )
        size = len(request.text) + 1
        with self._lock:
            if self._waiting + size > _WAITING_MAX:
                log.error("a request was not matched: too many wait")
                return
            self._waiting += size
        self._matching.submit(self._match, accounts, account.name, request, at, size)

    def campaign(self, accounts: Sequence[str]) -> Future[None]:
        """Publish what accounts of a campaign have in common, or confirm who did; returns at once.

        ``accounts`` are those that live detection has found. What is returned is done once they
        were dealt with.
        """
        return self._publishing.submit(self._tell, tuple(accounts))

    def forget(self, account: str) -> None:
        """Forget what an account sent, once all evidence so far has been applied."""
        self._matching.submit(self._recent.forget, account).result()

    def close(self) -> None:
        """End, without what still waits."""
        for worker in (self._matching, self._publishing):
            worker.shutdown(cancel_futures=True)

    def _match(
        self, accounts: Accounts, name: str, request: RequestFeatures, at: datetime, size: int
    ) -> None:
        try:
            found = self._member.match(request, datetime.now(UTC))
            self._recent.add(name, request.text, at, (one.match.signature.id for one in found))
            if found:
                _apply(accounts, name, found)
        except Exception as error:
            log.error("a request could not be matched: %s", type(error).__name__)
        finally:
            with self._lock:
                self._waiting -= size

    def _tell(self, accounts: Sequence[str]) -> None:
        try:
            # What these accounts sent last may still wait to be matched.
            self._matching.submit(lambda: None).result()
            if not self._confirm(accounts):
                self._publish(accounts)
        except NotPublishableError as error:
            log.info("a campaign was found and not published: %s", error)
        except Exception as error:
            log.error("a campaign could not be published: %s: %s", type(error).__name__, error)

    def _confirm(self, accounts: Sequence[str]) -> bool:
        """Whether signatures describe the campaign already; those of others are confirmed."""
        from drs_reference.exchange.member.member import Confirmation

        own, covered = self._member.settings.identity, False
        for id, tally in self._recent.matched(accounts).items():
            if tally.accounts < _COVERED * len(accounts):
                continue
            covered = True
            if self._member.held(id).author != own:
                self._member.confirm(
                    Confirmation(
                        signature=id,
                        count=tally.requests,
                        accounts=tally.accounts,
                        first_seen=tally.first_seen,
                        last_seen=tally.last_seen,
                        action="throttle",
                    )
                )
        return covered

    def _publish(self, accounts: Sequence[str]) -> None:
        settings = self._member.settings
        key, how = settings.newest_key(), settings.campaigns
        campaign = None if key is None else self._recent.campaign(accounts, key)
        if key is None or campaign is None or not how.publish:
            return
        terms = Terms(
            name="Prompts that vary one template over many accounts",
            description="Found in live traffic: accounts divide one template among them.",
            max_action=how.max_action,
            confidence=how.confidence,
            tlp=how.tlp,
        )
        signature = campaign_signature(
            campaign,
            settings.benign,
            key,
            terms,
            settings.signer,
            settings.identity,
            datetime.now(UTC),
        )
        self._member.publish(signature)
        # Another alarm about the same campaign finds it described.
        self._recent.described(campaign, signature.id)
        log.warning("a campaign was found and published as %s", signature.id)
        self._member.pull()


def _apply(accounts: Accounts, name: str, found: Sequence[RuledMatch]) -> None:
    """Evidence for the account's ladder, never beyond what the strongest ruling allows (SIG-08).

    Nothing goes beyond throttling by machine alone.
    """
    strongest = max(ACTIONS.index(one.ruling.action) for one in found)
    classes = (one.match.signature.attack_class for one in found)
    kinds = tuple(sorted({_EVIDENCE.get(each, each) for each in classes}))
    only_seen = strongest < ACTIONS.index("throttle")
    accounts.suspect(name, kinds, _OBSERVED if only_seen else _THROTTLED)


@contextlib.contextmanager
def sharing(settings: Path) -> Iterator[SharedDetection]:
    """Detection by a member with these settings, which follows its hub meanwhile.

    Raises ``ServeError``.
    """
    from drs_reference.exchange.member.feed import Feed
    from drs_reference.exchange.member.member import Member
    from drs_reference.exchange.member.settings import SettingsError
    from drs_reference.exchange.member.state import MemberStateError

    try:
        member = Member(settings)
    except (SettingsError, MemberStateError) as error:
        raise ServeError(str(error)) from error
    with contextlib.ExitStack() as stack:
        stack.callback(member.close)
        detection = SharedDetection(member)
        stack.callback(detection.close)
        feed = Feed(member)
        feed.start()
        stack.callback(feed.stop)
        yield detection
