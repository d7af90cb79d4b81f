"""Members of a real hub: what one publishes is in force with others, as far as it bears out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drs_reference.exchange.authoring import Range
from drs_reference.exchange.member.feed import Feed
from drs_reference.exchange.member.hub_client import HubError
from drs_reference.exchange.member.member import Confirmation, NotHeldError
from drs_reference.exchange.member.publishing import PublishRefusedError


def now() -> datetime:
    return datetime.now(UTC)


def until(condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@contextmanager
def followed(member: Any) -> Iterator[None]:
    feed = Feed(member)
    feed.start()
    try:
        yield
    finally:
        feed.stop()


def seen_by(member: Any, signature: Any) -> Any:
    """Evidence of the member's own."""
    confirmation = Confirmation(
        signature=signature.id,
        count=900,
        accounts=61,
        first_seen=now() - timedelta(hours=2),
        last_seen=now(),
        action="throttle",
    )
    return member.confirm(confirmation)


def test_a_block_takes_two_members(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any, acts: Any, ruled: Any
) -> None:
    """``block`` by one member is perturb at most; evidence of B's own makes it two."""
    one, other = joined(empty_hub, a).member(), joined(empty_hub, b).member()
    signature = signature_by(a, max_action="block")
    one.publish(signature)
    one.pull()
    other.pull()
    assert acts(other) == ["perturb"]
    assert "1 of the 2 members" in ruled(other, signature.id)["because"]
    # The author saying it once more makes no second member of it.
    seen_by(one, signature)
    other.pull()
    assert (acts(one), acts(other)) == (["perturb"], ["perturb"])
    assert seen_by(other, signature).independent
    one.pull()
    assert (acts(one), acts(other)) == (["block"], ["block"])
    # It is told once.
    assert seen_by(other, signature) is None


def test_no_action_beyond_the_author(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any, acts: Any
) -> None:
    one, other = joined(empty_hub, a).member(), joined(empty_hub, b).member()
    signature = signature_by(a, max_action="observe")
    one.publish(signature)
    other.pull()
    seen_by(other, signature)
    assert acts(other) == ["observe"]


def test_a_poisoned_signature_is_found_out_at_home(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any, acts: Any, ruled: Any
) -> None:
    """A signature of a prompt that B's customers love is never acted on, and the group is told."""
    popular = "Please write a friendly and short reply to the message of a customer that follows"
    benign = [f"{popular}: order {number}" for number in range(200)]
    one = joined(empty_hub, a).member()
    other = joined(empty_hub, b, benign=benign).member()
    signature = signature_by(a, popular)
    one.publish(signature)
    other.pull()
    assert acts(other, popular) == []
    assert "200 of 200 benign windows" in ruled(other, signature.id)["because"]
    (told,) = [one for one in empty_hub.objects(a) if one["type"] == "sighting"]
    (extension,) = told["extensions"].values()
    assert (extension["outcome"], extension["benign_matches"]) == ("false-positive", 200)
    assert told["created_by_ref"] == b.identity
    # A run that begins anew does not say it again.
    other.pull()
    joined(empty_hub, b, benign=benign).member().pull()
    assert sum(one["type"] == "sighting" for one in empty_hub.objects(a)) == 1


def test_ranges_are_tried_and_narrow(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any, acts: Any, ruled: Any
) -> None:
    """Ranges that carry many, as the member knows, and what the sample cannot try, do nothing."""
    draft = {
        "attack_class": "network-range",
        "pattern": "[ipv4-addr:value = '198.51.100.0/24']",
        "pattern_type": "stix",
        "fingerprints": (),
        "ranges": (Range("198.51.100.0/24", "hosting", now()),),
    }
    one, party = joined(empty_hub, a).member(), joined(empty_hub, b)
    signature = signature_by(a, **draft)
    one.publish(signature)
    other = party.member()
    other.pull()
    assert acts(other, "", "198.51.100.7") == []
    assert "no line of the benign sample" in ruled(other, signature.id)["because"]
    lines = ({"text": "hello", "address": f"203.0.113.{number}"} for number in range(200))
    (party.folder / "benign.jsonl").write_text("\n".join(map(json.dumps, lines)))
    other = party.member()
    other.pull()
    assert acts(other, "", "198.51.100.7") == ["throttle"]
    assert acts(other, "", "203.0.113.7") == []
    (party.folder / "shared.txt").write_text("# campus\n198.51.0.0/16\n")
    other = party.member(shared_ranges_file="shared.txt")
    other.pull()
    assert acts(other, "", "198.51.100.7") == []
    assert "many users" in ruled(other, signature.id)["because"]


def test_push_brings_it_and_revocation_ends_it(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any, acts: Any
) -> None:
    """B follows; it polls once in an hour, so what comes in seconds was pushed."""
    one = joined(empty_hub, a).member()
    other = joined(empty_hub, b).member(poll_s=3600)
    with followed(other):
        time.sleep(0.5)
        signature = signature_by(a)
        one.publish(signature)
        until(lambda: acts(other) == ["throttle"], "nothing was pushed")
        one.pull()
        one.revoke(signature.id, "error")
        until(lambda: acts(other) == [], "the revocation was not pushed")
        began = time.monotonic()
    assert time.monotonic() - began < 5
    with pytest.raises(NotHeldError, match="already"):
        one.revoke(signature.id, "error")
    with pytest.raises(NotHeldError, match="author"):
        other.revoke(signature.id, "error")


def test_a_hub_that_is_away_is_asked_again(
    start_hub: Any, tmp_path: Any, joined: Any, a: Any, b: Any, signature_by: Any, acts: Any
) -> None:
    """What is held stays in force, and what was published meanwhile comes when it is back."""
    hub = start_hub(tmp_path)
    one, other = joined(hub, a).member(), joined(hub, b).member(poll_s=1)
    one.publish(signature_by(a))
    with followed(other):
        until(lambda: acts(other) == ["throttle"], "nothing came")
        hub.stop()
        with pytest.raises(HubError):
            other.pull()
        assert acts(other) == ["throttle"]
        port = hub.url.rpartition(":")[2]
        start_hub(tmp_path, "--port", port)
        one.publish(signature_by(a))
        until(lambda: len(acts(other)) == 2, "it did not go on")


def test_a_kill_loses_nothing(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any, acts: Any
) -> None:
    """Killed in the midst of pages, a member goes on where the last page ended."""
    texts = (f"word{n} and the next few words of template {n}" for n in range(130))
    wanted = [signature_by(a, text) for text in texts]
    empty_hub.published(a, *(dict(each.document) for each in wanted))
    party = joined(empty_hub, b)
    member = party.member()
    process = subprocess.Popen(party.argv("pull"), env=party.processes())
    until(lambda: _held(member), "it did not begin")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = _held(member)
    pulled = member.pull()
    assert before + pulled.taken == 130
    assert pulled.refused == ()
    assert {each["id"] for each in member.status()["signatures"]} == {one.id for one in wanted}
    assert member.pull().taken == 0


def test_what_the_hub_refuses_is_said(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any
) -> None:
    one = joined(empty_hub, a).member()
    with pytest.raises(PublishRefusedError, match="created_by_ref"):
        one.publish(signature_by(b))
    empty_hub.stop()
    with pytest.raises(HubError, match="out of reach"):
        one.pull()


def test_two_processes_share_one_state(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any, acts: Any
) -> None:
    """What one of them takes in, the other has too."""
    joined(empty_hub, a).member().publish(signature_by(a))
    party = joined(empty_hub, b)
    one, other = party.member(), party.member()
    one.pull()
    assert other.pull().taken == 0
    assert acts(other) == acts(one) == ["throttle"]


def test_what_may_be_kept_no_longer_is_dropped(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: Any
) -> None:
    """SIG-05: copies end with ``retention_until``."""
    joined(empty_hub, a).member().publish(
        signature_by(a, validity=timedelta(days=1), retention=timedelta(days=1))
    )
    party = joined(empty_hub, b)
    member = party.member()
    member.pull()
    assert len(member.status()["signatures"]) == 1
    member.refresh(now() + timedelta(days=3))
    assert member.status()["signatures"] == []
    again = party.member()
    again.refresh()
    assert again.status()["signatures"] == []


def _held(member: Any) -> int:
    member.refresh()
    return len(member.status()["signatures"])
