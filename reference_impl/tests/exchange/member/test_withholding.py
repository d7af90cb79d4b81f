"""A hub that leaves out of the collection what its log has, and one that only seems to."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drs_reference.exchange.authoring import revoked_version
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.log.checkpoint import opened
from drs_reference.exchange.member.hub_client import HubError
from drs_reference.exchange.member.log_watch import LogWatch, Seen
from drs_reference.exchange.signature import Signature

By = Callable[..., Signature]
ENDLESS = 2**62
OTHER = "5d0c1f0e-2b7a-4f63-9e0a-6f2f3b1c4d5e"


def now() -> datetime:
    return datetime.now(UTC)


def entries(member: Any) -> list[tuple[int, str]]:
    """What one pull says that was withheld."""
    return [(one.index, one.id) for one in member.pull().withheld]


def endless(watch: LogWatch, last: str) -> Seen:
    """A checkpoint of a size that nobody can go through."""
    seen = Seen(last, opened(last, watch._key))
    return replace(seen, checkpoint=replace(seen.checkpoint, size=ENDLESS))


def test_an_object_that_is_left_out(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any, caplog: Any
) -> None:
    """It is found in the log, taken in, and told of with every round and by later runs too."""
    served, left_out = signature_by(a), signature_by(a)
    lying_hub.serve(served, left_out, signature_by(a))
    lying_hub.unserved = {1}
    member = victim.member()
    assert entries(member) == [(1, left_out.id)]
    assert acts(member) == ["throttle"] * 3
    assert f"entry 1 ({left_out.id})" in caplog.text
    assert entries(member) == [(1, left_out.id)]
    assert entries(victim.member()) == [(1, left_out.id)]
    assert member.status()["withheld"] == [{"entry": 1, "id": left_out.id}]
    assert member.status()["halted"] is None


def test_a_revocation_that_is_left_out(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any
) -> None:
    """It counts all the same, also where the hub says that it is in another collection."""
    one, other = (signature_by(a, made=now() - timedelta(hours=1)) for _ in range(2))
    lying_hub.serve(one, other)
    member = victim.member()
    assert entries(member) == []
    assert acts(member) == ["throttle"] * 2
    gone = [revoked_version(each, "error", a.signer, now()) for each in (one, other)]
    lying_hub.serve(gone[0])
    lying_hub.unserved = {2, 3}
    assert entries(member) == [(2, one.id)]
    assert acts(member) == ["throttle"]
    lying_hub.serve(gone[1])
    lying_hub.collections[3] = OTHER
    assert entries(member) == [(2, one.id), (3, other.id)]
    assert acts(member) == []


def test_what_the_log_does_not_show_either(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any
) -> None:
    """The member sees that there is something; once it is shown, it is taken in."""
    lying_hub.serve(*(signature_by(a) for _ in range(4)))
    lying_hub.unserved = lying_hub.hidden = {1, 3}
    member = victim.member()
    assert entries(member) == [(1, ""), (3, "")]
    assert len(acts(member)) == 2
    lying_hub.hidden = {3}
    (found, hidden) = entries(member)
    assert found[1].startswith("indicator--")
    assert hidden == (3, "")
    assert len(acts(member)) == 3


def test_another_object_in_place_of_the_one_left_out(
    victim: Any, lying_hub: Any, a: Any, signature_by: By
) -> None:
    """The log proves it, but not at this place."""
    lying_hub.serve(*(signature_by(a) for _ in range(3)))
    lying_hub.unserved = {1}
    true = type(lying_hub)._entries

    def lied(start: int) -> bytes:
        document = json.loads(true(lying_hub, start))
        for one in document["entries"]:
            one["object"] = json.loads(lying_hub.bodies[0])
        return json.dumps(document).encode()

    lying_hub._entries = lied
    assert entries(victim.member()) == [(1, "")]


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[]",
        b'{"entries":[1]}',
        b'{"entries":[{"index":1}]}',
        b'{"entries":[{"object":{}}]}',
    ],
)
def test_a_log_that_cannot_be_asked(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any, content: bytes
) -> None:
    """Nobody is accused, and nothing passes in silence; what was served is in force."""
    lying_hub.serve(*(signature_by(a) for _ in range(2)))
    lying_hub.unserved = {1}
    lying_hub.raw["log/entries"] = content
    member = victim.member()
    with pytest.raises(HubError, match="entry 1 of the log was not served"):
        member.pull()
    assert acts(member) == ["throttle"]
    assert member.status()["withheld"] == []


def test_the_command_says_it(victim: Any, lying_hub: Any, a: Any, signature_by: By) -> None:
    lying_hub.serve(signature_by(a))
    assert victim.command("pull").returncode == 0
    lying_hub.serve(signature_by(a))
    lying_hub.unserved = {1}
    done = victim.command("--json", "pull")
    assert done.returncode == 1
    assert [one["entry"] for one in json.loads(done.stdout)["withheld"]] == [1]
    assert "withholds what its log has: entry 1 (indicator--" in done.stderr
    done = victim.command("pull")
    assert done.returncode == 1
    assert done.stdout.startswith("0 taken in, 0 refused, 2 in force, the log has 2, 1 of them w")
    done = victim.command("status")
    assert done.returncode == 0
    assert done.stdout.startswith("WITHHELD by the hub: 1 entries of its log; 2 of 2 in force")


def test_an_object_that_comes_between_objects_and_checkpoint(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any
) -> None:
    """It is in the checkpoint and was in no page: the hub is asked again and is honest."""
    first, *more = (signature_by(a) for _ in range(4))
    lying_hub.serve(first)
    answer = lying_hub.answer

    def grows(path: str, query: dict[str, str]) -> Any:
        if path.endswith("/checkpoint") and more:
            lying_hub.serve(more.pop())
        return answer(path, query)

    lying_hub.answer = grows
    member = victim.member()
    for count in (2, 4, 4):
        assert entries(member) == []
        assert len(acts(member)) == count
    assert not any(path.endswith("/entries") for path in lying_hub.asked)


def test_an_honest_hub_that_many_write_to(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: By
) -> None:
    """A publishes without a pause while two members of B pull with one state."""
    wanted = [signature_by(a, f"word{n} and the next few words of it") for n in range(60)]
    party = joined(empty_hub, b)
    members = [party.member(), party.member()]

    def publish() -> None:
        for each in wanted:
            empty_hub.published(a, dict(each.document))

    author = threading.Thread(target=publish)
    author.start()
    rounds = 0
    try:
        # On a slow machine all may be published within a few rounds.
        while author.is_alive() or rounds < 6:
            for member in members:
                assert member.pull().withheld == ()
                rounds += 1
    finally:
        author.join()
    assert members[0].pull().withheld == ()
    assert {one["id"] for one in members[0].status()["signatures"]} == {one.id for one in wanted}


def test_an_honest_hub_with_two_collections(
    empty_hub: Any, joined: Any, a: Any, b: Any, signature_by: By
) -> None:
    """What is in the other one is no gap, is counted, and is asked for once."""
    file = empty_hub.folder / "members.json"
    document = json.loads(file.read_text("utf-8"))
    document["groups"][0]["collections"].append({"id": OTHER, "title": "Other"})
    (empty_hub.folder / "members.new").write_text(json.dumps(document), "utf-8")
    (empty_hub.folder / "members.new").replace(file)
    time.sleep(1.1)
    # More than a page of them, with the own ones between.
    there = [dict(signature_by(a, f"word{n} and a few more words").document) for n in range(130)]
    path = f"/group-1/collections/{OTHER}/objects/"
    for few in (there[:10], there[10:]):
        empty_hub.published(a, dict(signature_by(a).document))
        content = json.dumps({"objects": few}).encode()
        assert empty_hub.send(a, content, path=path).json()["success_count"] == len(few)
    member = joined(empty_hub, b).member()
    pulled = member.pull()
    assert (pulled.taken, pulled.log_size, pulled.withheld) == (2, 132, ())
    assert member.status()["elsewhere"] == 130
    asked: list[int] = []
    member.client.entries = asked.append
    assert member.pull().withheld == ()
    assert asked == []


def test_a_state_that_kept_no_count(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any
) -> None:
    """It was written by an earlier version: the collection is read again, and nobody accused."""
    lying_hub.serve(signature_by(a), signature_by(a))
    member = victim.member()
    member.pull()
    with sqlite3.connect(victim.folder / "member.sqlite") as run:
        run.execute("DELETE FROM entry")
    run.close()
    pulled = member.pull()
    assert (pulled.taken, pulled.withheld) == (0, ())
    assert acts(member) == ["throttle"] * 2


def test_who_is_trusted_later(victim: Any, lying_hub: Any, a: Any, signature_by: By) -> None:
    """What was withheld is looked at again too."""
    lying_hub.serve(signature_by(a))
    lying_hub.unserved = {0}
    known = victim.settings["members"]
    victim.trust(*(entry for entry in known if entry["id"] != a.identity))
    member = victim.member()
    pulled = member.pull()
    assert [one.reason.partition(":")[0] for one in pulled.refused] == ["author"]
    assert len(pulled.withheld) == 1
    victim.write(members=known)
    assert member.pull().taken == 1
    assert canonical(member.held(pulled.withheld[0].id).document) == lying_hub.bodies[0]


def test_a_log_that_says_it_is_endless(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key signs whatever size; the member does not go through all of it."""
    lying_hub.serve(signature_by(a))
    member = victim.member()
    member.pull()
    monkeypatch.setattr(LogWatch, "advanced", endless)
    assert entries(member) == [(index, "") for index in range(1, 101)]
    assert len([path for path in lying_hub.asked if path.endswith("/entries")]) == 1
