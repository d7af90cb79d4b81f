"""A hub that lies, or does not look: whatever it logs and serves, members judge by themselves.

Each test is an attack. Unless it is on the log, the lying hub has it in its log in due form.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drs_reference.exchange.authoring import revoked_version
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.matching import RequestFeatures
from drs_reference.exchange.member.hub_client import HubError
from drs_reference.exchange.member.intake import HaltedError
from drs_reference.exchange.proofs import SIGNATURE_TYPE, proven
from drs_reference.exchange.signature import EXTENSION, Signature

By = Callable[..., Signature]


def now() -> datetime:
    return datetime.now(UTC)


def refusals(member: Any) -> list[str]:
    """The reasons for what one pull did not take in."""
    return [one.reason.partition(":")[0] for one in member.pull().refused]


def later(old: Signature, lab: Any, **changes: Any) -> dict[str, Any]:
    """A version after ``old`` as its author could make it, in due form or not."""
    extension = {**old.document["extensions"][EXTENSION], "seq": old.seq + 1}
    modified = (old.modified + timedelta(seconds=1)).isoformat(timespec="milliseconds")
    document = {
        **old.document,
        "modified": modified.replace("+00:00", "Z"),
        "extensions": {EXTENSION: extension},
        **changes,
    }
    return proven(document, SIGNATURE_TYPE, lab.signer)


def test_an_honest_signature_gets_through(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any
) -> None:
    """Otherwise the attacks would show nothing."""
    lying_hub.serve(signature_by(a))
    member = victim.member()
    assert refusals(member) == []
    assert acts(member) == ["throttle"]
    assert acts(member, "What is the capital of France?") == []


def test_a_forged_author(victim: Any, lying_hub: Any, a: Any, b: Any, signature_by: By) -> None:
    """A signature in the name of A, proven by the key of B, or by a key that says it is A's."""
    document = dict(signature_by(a).document)
    forged = proven(document, SIGNATURE_TYPE, b.signer)
    named = json.loads(json.dumps(forged).replace(b.signer.kid, a.signer.kid))
    lying_hub.serve(forged, named)
    member = victim.member()
    assert refusals(member) == ["proof", "proof"]
    assert member.in_force() == 0


def test_an_author_that_nobody_knows(victim: Any, lying_hub: Any, a: Any, signature_by: By) -> None:
    """The hub admitted a member that B does not trust; once B does, it is looked at again."""
    lying_hub.serve(signature_by(a))
    known = victim.settings["members"]
    victim.trust(*(entry for entry in known if entry["id"] != a.identity))
    member = victim.member()
    assert refusals(member) == ["author"]
    victim.write(members=known)
    assert refusals(member) == []
    assert member.in_force() == 1


def test_a_signature_that_was_tampered_with(
    victim: Any, lying_hub: Any, a: Any, signature_by: By
) -> None:
    """A stronger action and another rule, under the proof of the old ones."""
    document = json.loads(canonical(signature_by(a).document))
    document["extensions"][EXTENSION]["max_action"] = "block"
    other = json.loads(canonical(signature_by(a).document))
    other["pattern"] = "fp.containment >= 0.1"
    bare = json.loads(canonical(signature_by(a).document))
    del bare["extensions"][EXTENSION]["proof"]
    lying_hub.serve(document, other, bare)
    assert refusals(victim.member()) == ["proof", "proof", "schema"]


def test_a_member_that_stands_twice(victim: Any, lying_hub: Any, a: Any, signature_by: By) -> None:
    """Readers would differ on what it says; nothing of such a page is taken in."""
    body = canonical(signature_by(a).document)
    lying_hub.serve(body[:-1] + b',"pattern":"true"}')
    member = victim.member()
    with pytest.raises(HubError, match="no one meaning"):
        member.pull()
    assert member.status()["signatures"] == []


def test_an_old_version_that_is_replayed(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any, ruled: Any
) -> None:
    """A had lowered its signature to observe; the hub shows the stronger version again."""
    old = signature_by(a)
    extension = {**old.document["extensions"][EXTENSION], "max_action": "observe", "seq": 2}
    new = later(old, a, extensions={EXTENSION: extension})
    lying_hub.serve(old, new)
    member = victim.member()
    assert refusals(member) == []
    assert acts(member) == ["observe"]
    lying_hub.serve(old)
    assert refusals(member) == []
    again = json.loads(canonical(old.document))
    again["description"] = "The same number, other words."
    lying_hub.serve(proven(again, SIGNATURE_TYPE, a.signer))
    assert refusals(member) == ["version"]
    assert acts(member) == ["observe"]
    assert ruled(member, old.id)["seq"] == 2


def test_a_signature_that_is_over(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any, template: str
) -> None:
    """What ended before it came is not taken in; what ends later is out of force at once."""
    over = signature_by(a, made=now() - timedelta(days=20), validity=timedelta(days=10))
    soon = signature_by(a, validity=timedelta(seconds=2))
    lying_hub.serve(over, soon)
    member = victim.member()
    assert refusals(member) == ["validity"]
    assert acts(member) == ["throttle"]
    request = RequestFeatures(text=template)
    assert member.match(request, soon.valid_until - timedelta(milliseconds=1))
    assert not member.match(request, soon.valid_until)


def test_a_signature_whose_author_ends_it_early(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any
) -> None:
    """The later version is over when it comes, and counts all the same."""
    old = signature_by(a, made=now() - timedelta(days=2))
    ends = (now() - timedelta(hours=1)).isoformat(timespec="seconds").replace("+00:00", "Z")
    lying_hub.serve(old, later(old, a, valid_until=ends))
    member = victim.member()
    assert refusals(member) == []
    assert acts(member) == []


def test_a_signature_from_the_future(victim: Any, lying_hub: Any, a: Any, signature_by: By) -> None:
    lying_hub.serve(signature_by(a, made=now() + timedelta(hours=1)))
    assert refusals(victim.member()) == ["order"]


def test_a_revoked_signature_that_comes_back(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any
) -> None:
    """Revoked, then posted again as a later version that is not revoked."""
    old = signature_by(a, made=now() - timedelta(hours=1))
    gone = revoked_version(old, "error", a.signer, now() - timedelta(minutes=5))
    lying_hub.serve(old, gone, later(gone, a, revoked=False))
    member = victim.member()
    # Without the reason of a revocation, which stands in no other version.
    extension = {
        name: value
        for name, value in gone.document["extensions"][EXTENSION].items()
        if name != "revocation_reason"
    }
    extension["seq"] = 3
    lying_hub.serve(later(gone, a, revoked=False, extensions={EXTENSION: extension}))
    assert refusals(member) == ["content", "version"]
    assert acts(member) == []


def test_a_key_that_is_revoked(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any, ruled: Any
) -> None:
    """Its thief dates back; what it proved before the theft was known is out of force too."""
    held = signature_by(a, made=now() - timedelta(hours=2))
    lying_hub.serve(held)
    member = victim.member()
    member.pull()
    assert acts(member) == ["throttle"]
    revoked = (now() - timedelta(seconds=1)).isoformat(timespec="milliseconds")
    entries = victim.settings["members"]
    for entry in entries:
        if entry["id"] == a.identity:
            entry["keys"][0]["revoked_at"] = revoked.replace("+00:00", "Z")
    victim.write(members=entries)
    lying_hub.serve(signature_by(a, made=now() - timedelta(hours=1)))
    assert refusals(member) == ["proof"]
    assert acts(member) == []
    assert "revoked" in ruled(member, held.id)["because"]


def test_a_key_that_had_run_out(victim: Any, lying_hub: Any, a: Any, signature_by: By) -> None:
    """What was made while it was good is taken in, what was made later is not."""
    ended = (now() - timedelta(days=1)).isoformat(timespec="seconds").replace("+00:00", "Z")
    entries = victim.settings["members"]
    for entry in entries:
        if entry["id"] == a.identity:
            entry["keys"][0]["valid_until"] = ended
    victim.write(members=entries)
    lying_hub.serve(signature_by(a, made=now() - timedelta(days=2)), signature_by(a))
    member = victim.member()
    assert refusals(member) == ["proof"]
    assert member.in_force() == 1


def test_a_marking_that_is_relaxed(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, ruled: Any
) -> None:
    old = signature_by(a, made=now() - timedelta(hours=1), tlp="TLP:AMBER+STRICT")
    clear = signature_by(a, tlp="TLP:CLEAR").document["object_marking_refs"]
    lying_hub.serve(old, later(old, a, object_marking_refs=clear))
    member = victim.member()
    assert refusals(member) == ["marking"]
    assert ruled(member, old.id)["seq"] == 1


def test_the_whole_internet(victim: Any, lying_hub: Any, a: Any, signature_by: By) -> None:
    """``0.0.0.0/0``, a carrier's translators, and a rule that is always true."""
    document = json.loads(canonical(signature_by(a).document))
    extension = document["extensions"][EXTENSION]
    for cidr in ("0.0.0.0/0", "100.64.0.0/16", "::/0"):
        networks = [{"cidr": cidr, "egress": "hosting", "seen_until": "2026-01-01T00:00:00Z"}]
        wide = {**extension, "attack_class": "network-range", "networks": networks}
        poisoned = {**document, "extensions": {EXTENSION: wide}}
        lying_hub.serve(proven(poisoned, SIGNATURE_TYPE, a.signer))
    true = {**document, "pattern": "true"}
    lying_hub.serve(proven(true, SIGNATURE_TYPE, a.signer))
    assert refusals(victim.member()) == ["schema", "networks", "schema", "rule"]


@pytest.mark.parametrize("history", ["another", "longer", "shorter"])
def test_a_fork_of_the_log(
    victim: Any,
    lying_hub: Any,
    a: Any,
    signature_by: By,
    acts: Any,
    history: str,
) -> None:
    """Another history under the same key, of the same length, longer or shorter.

    Nothing more is taken in, not even in a later run and when the hub tells the old history
    again; what is held stays in force.
    """
    held = signature_by(a)
    lying_hub.serve(signature_by(a, "one two three four five six seven eight nine"), held)
    member = victim.member()
    member.pull()
    true = list(lying_hub.bodies)
    lying_hub.bodies = true[:1]
    lying_hub.serve(*[signature_by(a) for _ in range({"another": 1, "longer": 3}.get(history, 0))])
    with pytest.raises(HaltedError):
        member.pull()
    assert acts(member) == ["throttle"]
    lying_hub.bodies = true
    lying_hub.serve(revoked_version(held, "error", a.signer, now() + timedelta(seconds=1)))
    later_run = victim.member()
    with pytest.raises(HaltedError):
        later_run.pull()
    assert later_run.status()["halted"] is not None
    assert acts(later_run) == ["throttle"]


def test_an_object_that_is_not_in_the_log(
    victim: Any, lying_hub: Any, a: Any, signature_by: By
) -> None:
    """Shown to B alone: it could be denied later. The page is not taken in."""
    lying_hub.serve(signature_by(a), signature_by(a))
    lying_hub.unlogged = {1}
    member = victim.member()
    with pytest.raises(HubError):
        member.pull()
    assert member.status()["signatures"] == []
    lying_hub.unlogged = set()
    assert member.pull().taken == 2


def test_a_checkpoint_by_another_key(victim: Any, lying_hub: Any, a: Any, signature_by: By) -> None:
    lying_hub.serve(signature_by(a))
    lying_hub.signer = a.signer
    with pytest.raises(HubError, match="checkpoint"):
        victim.member().pull()


def test_a_hub_whose_time_stands_still(
    victim: Any, lying_hub: Any, a: Any, signature_by: By
) -> None:
    """A page that is older than where the member stands is not new."""
    lying_hub.serve(signature_by(a))
    member = victim.member()
    member.pull()
    lying_hub.answer = lambda path, query: type(lying_hub).answer(
        lying_hub, path, {n: v for n, v in query.items() if n != "added_after"}
    )
    with pytest.raises(HubError, match="again"):
        member.pull()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"objects": {}}',
        b'{"objects": [1]}',
        b'{"more": true}',
        b'{"objects": [{"id": 1}]}',
        b"{" * 100_000,
        b" " * (17 << 20),
    ],
)
def test_what_is_no_envelope(victim: Any, lying_hub: Any, content: bytes) -> None:
    lying_hub.raw[f"collections/{victim.settings['hub']['collection']}/objects/"] = content
    with pytest.raises(HubError):
        victim.member().pull()


def test_a_sighting_in_the_name_of_another(
    victim: Any, lying_hub: Any, a: Any, b: Any, signature_by: By, acts: Any
) -> None:
    """One member alone cannot have anybody blocked, whatever it says in other names."""
    mine = signature_by(a, max_action="block")
    lying_hub.serve(mine)
    for lab in (a, b):
        sighting = lab.sighting(dict(mine.document))
        lying_hub.serve(json.loads(json.dumps(a.proven(sighting))))
    member = victim.member()
    assert refusals(member) == ["proof"]
    assert acts(member) == ["perturb"]


def test_a_next_version_is_tried_anew(
    victim: Any, lying_hub: Any, a: Any, signature_by: By, acts: Any
) -> None:
    """A harmless first version does not vouch for a poisoned second one."""
    first = signature_by(a, made=now() - timedelta(hours=1))
    lying_hub.serve(first)
    member = victim.member()
    member.pull()
    assert acts(member) == ["throttle"]
    poisoned = later(first, a, pattern="fp.containment >= 0.0")
    lying_hub.serve(poisoned)
    member.pull()
    assert acts(member) == []
