"""The endpoint side: what others have described is confirmed, and memory is bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from drs_reference.exchange.campaigns import GroupKey
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.chat_request import ChatRequest
from drs_reference.gateway.clock import Clock
from drs_reference.gateway.declaration import Terms
from drs_reference.gateway.recent_prompts import RecentPrompts
from drs_reference.gateway.sampling import Sampling
from drs_reference.gateway.shared_detection import SharedDetection
from drs_reference.response.ladder import Ladder
from drs_reference.response.notices import NoticePolicy
from drs_reference.response.procedure import Procedure
from drs_reference.standard import registry
from drs_reference.storage.sqlite import SqliteStorage

CREW = [f"fresh-{number}" for number in range(1, 9)]
NOW = datetime(2026, 11, 10, 8, tzinfo=UTC)
KEY = GroupKey(bytes(32), "group-1", 1)


def until(condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def accounts_in(storage: SqliteStorage, ordinary: Sequence[str] = ()) -> Accounts:
    terms = Terms()
    ladder = Ladder.from_registry(
        registry("ladder"),
        states=terms.states,
        quiet_s=terms.quiet_s,
        suspension_review_s=terms.suspension_review_s,
    )
    procedure = Procedure(ladder, NoticePolicy(timedelta(), frozenset()))
    return Accounts(storage, procedure, Clock(), ordinary)


def test_a_campaign_that_another_has_described_is_confirmed(
    empty_hub: Any,
    joined: Any,
    a: Any,
    b: Any,
    signature_by: Any,
    template: str,
    tmp_path: Path,
    acts: Any,
) -> None:
    """B finds by itself what A's signature describes: a sighting, and no second signature."""
    one, other = joined(empty_hub, a).member(), joined(empty_hub, b).member()
    signature = signature_by(a, max_action="block")
    one.publish(signature)
    other.pull()
    storage = SqliteStorage(tmp_path / "accounts.sqlite")
    accounts = accounts_in(storage)
    detection = SharedDetection(other)
    for name in CREW * 3:
        account = accounts.current(name)
        chat = ChatRequest("m", (("user", template),), Sampling())
        detection.watch(accounts, account, chat, False, "127.0.0.1", datetime.now(UTC))
    detection.campaign(CREW)
    until(lambda: len(empty_hub.objects(a)) == 2, "nothing was confirmed")
    detection.campaign(CREW)
    detection.forget("fresh-1")
    detection.close()
    # A block that two members stand for still is for people: a machine throttles, no more.
    until(lambda: acts(other) == ["block"], "the second member did not count")
    assert {accounts.current(name).position.state for name in CREW} == {"throttled"}
    storage.close()
    (sighting,) = [one for one in empty_hub.objects(a) if one["type"] == "sighting"]
    (extension,) = sighting["extensions"].values()
    told = {name: extension[name] for name in ("outcome", "independent", "accounts", "action")}
    assert told == {
        "outcome": "confirmed",
        "independent": True,
        "accounts": "1-49",
        "action": "throttle",
    }
    assert sighting["count"] == 24


@pytest.mark.parametrize(
    ("max_action", "state"),
    [("observe", "observed"), ("challenge", "observed"), ("throttle", "throttled")],
)
def test_an_account_gets_no_further_than_the_author_allows(
    max_action: str,
    state: str,
    empty_hub: Any,
    joined: Any,
    a: Any,
    signature_by: Any,
    template: str,
    tmp_path: Path,
) -> None:
    member = joined(empty_hub, a).member()
    member.publish(signature_by(a, max_action=max_action))
    member.pull()
    storage = SqliteStorage(tmp_path / "accounts.sqlite")
    accounts = accounts_in(storage)
    detection = SharedDetection(member)
    for _ in range(4):
        chat = ChatRequest("m", (("user", template),), Sampling())
        account = accounts.current("fresh-1")
        detection.watch(accounts, account, chat, False, "127.0.0.1", datetime.now(UTC))
    until(lambda: accounts.current("fresh-1").position.state == state, "nothing was done")
    detection.forget("fresh-1")
    detection.close()
    assert accounts.current("fresh-1").position.state == state
    storage.close()


def test_a_second_alarm_about_a_campaign_publishes_nothing(
    empty_hub: Any, joined: Any, a: Any, everyday: Any, template: str, tmp_path: Path
) -> None:
    """The first signature describes also what was sent before it was in force."""
    benign = [everyday(number) for number in range(4000)]
    member = joined(empty_hub, a, benign=benign).member()
    storage = SqliteStorage(tmp_path / "accounts.sqlite")
    names = [f"acct-{number}" for number in range(52)]
    accounts = accounts_in(storage, names)
    detection = SharedDetection(member)
    for number, name in enumerate(names):
        chat = ChatRequest("m", (("user", f"{template} {number}"),), Sampling())
        account = accounts.current(name)
        detection.watch(accounts, account, chat, False, None, datetime.now(UTC))
    for told in [detection.campaign(found) for found in (names[:8], names[20:28])]:
        told.result()
    assert member.in_force() == 1
    detection.close()
    storage.close()
    assert [one["type"] for one in empty_hub.objects(a)] == ["indicator"]


def test_memory_of_prompts_is_bounded() -> None:
    recent = RecentPrompts()
    common = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron"
    for number in range(2500):
        recent.add(f"account-{number}", f"{common} {number}", NOW, ())
    for number in range(20):
        recent.add("account-2499", f"{common} {number}", NOW, ["x"])
    found = recent.campaign(["account-2499"], KEY)
    assert found is not None
    assert len(found.texts_by_account) == 2000
    assert len(found.texts_by_account["account-2499"]) == 8
    assert recent.matched(["account-2499"])["x"].accounts == 1
    recent.add("account-1", "z", NOW + timedelta(hours=2), ())
    assert recent.campaign(["account-2499"], KEY) is None


def test_who_sent_nothing_alike_is_in_no_campaign() -> None:
    recent = RecentPrompts()
    template = "weigh the two answers below and say in one sentence which of them is better and why"
    for number in range(60):
        recent.add(f"crew-{number}", f"{template} {number}", NOW, ())
        recent.add(f"other-{number}", f"what is the weather in town number {number} today", NOW, ())
    found = recent.campaign(["crew-1", "crew-2", "crew-3", "gone"], KEY)
    assert found is not None
    assert set(found.texts_by_account) == {f"crew-{number}" for number in range(60)}
    recent.forget("crew-7")
    found = recent.campaign(["crew-1"], KEY)
    assert found is not None
    assert "crew-7" not in found.texts_by_account
