"""What the hub must not take: each test is an attack on objects, sent by a member in good order."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drs_reference.exchange.proofs import SIGNATURE_TYPE, proven
from drs_reference.signing import Signer

GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
SIGNATURE = "extension-definition--6d1f0b52-3c0e-4f5a-9a44-0d8f7f2c5b10"


def time(**offset: float) -> str:
    return (datetime.now(UTC) + timedelta(**offset)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def versions(hub: Any, lab: Any, document: dict[str, Any]) -> list[str]:
    answer = hub.get(lab, lab.path(f"objects/{document['id']}/versions/"))
    return [] if answer.status_code == 404 else list(answer.json()["versions"])


def test_forged_author(hub: Any, a: Any, b: Any) -> None:
    """A publishes in the name of B, under its own key; it must be refused."""
    forged = a.signature(created_by_ref=b.identity)
    assert "created_by_ref" in hub.refusal(a, forged)
    assert versions(hub, a, forged) == []


def test_an_object_of_another_member_sent_on(hub: Any, a: Any, b: Any) -> None:
    """A sends what B proved, word for word; only B publishes what B says."""
    theirs = b.signature()
    assert "created_by_ref" in hub.refusal(a, theirs)
    hub.published(b, theirs)


def test_hijacked_id(hub: Any, a: Any, b: Any) -> None:
    """B publishes a later version of a signature of A, in its own name; it must be refused."""
    ours = a.signature()
    hub.published(a, ours)
    hijacked = b.version(ours, created_by_ref=b.identity)
    assert "created_by_ref must stay" in hub.refusal(b, hijacked)
    assert versions(hub, a, ours) == [ours["modified"]]


def test_tampered_after_signing(hub: Any, a: Any) -> None:
    """The action is raised after the proof was made; it must be refused."""
    tampered = a.signature()
    tampered["extensions"][SIGNATURE]["max_action"] = "block"
    assert "does not fit" in hub.refusal(a, tampered)


def test_a_key_that_its_author_has_not(hub: Any, a: Any) -> None:
    """The proof is by a key of nobody; it must be refused."""
    stranger = proven(a.signature(), SIGNATURE_TYPE, Signer(bytes(32)))
    assert "which its author has not" in hub.refusal(a, stranger)


def test_duplicate_members(hub: Any, a: Any) -> None:
    """A member stands twice, readers differ on which counts; nothing of it must be taken."""
    document = a.signature()
    text = json.dumps({"objects": [document]}).replace(
        '"confidence": 85', '"confidence": 1, "confidence": 85'
    )
    answer = hub.send(a, text.encode())
    assert answer.status_code == 422
    assert "twice" in answer.json()["description"]
    assert versions(hub, a, document) == []


def test_integer_beyond_two_to_the_53(hub: Any, a: Any) -> None:
    """A number that readers round, each in its way; nothing of it must be taken."""
    document = a.signature()
    text = json.dumps({"objects": [document]}).replace('"seq": 1,', f'"seq": {2**53 + 1},')
    assert str(2**53 + 1) in text
    answer = hub.send(a, text.encode())
    assert answer.status_code == 422
    assert versions(hub, a, document) == []


def test_exact_duplicate(hub: Any, a: Any) -> None:
    """The same version once more, as after a lost answer: it succeeds and adds nothing."""
    document = a.signature()
    hub.published(a, document)
    hub.published(a, document)
    assert versions(hub, a, document) == [document["modified"]]
    [record] = hub.json(a, a.path("manifest/"), **{"match[id]": document["id"]})["objects"]
    hub.published(a, document)
    assert hub.json(a, a.path("manifest/"), **{"match[id]": document["id"]})["objects"] == [record]


def test_two_versions_under_one_seq(hub: Any, a: Any) -> None:
    """Another content under a number that was used; it must be refused."""
    document = a.signature()
    hub.published(a, document)
    other = a.version(document, seq=1, confidence=10, modified=time())
    assert "seq must be greater" in hub.refusal(a, other)
    assert versions(hub, a, document) == [document["modified"]]


def test_older_seq(hub: Any, a: Any) -> None:
    """An old version comes back after a later one, also word for word; it must be refused."""
    old = a.signature()
    hub.published(a, old)
    new = a.version(old, confidence=20)
    hub.published(a, new)
    assert "seq must be greater" in hub.refusal(a, old)
    assert versions(hub, a, old) == [old["modified"], new["modified"]]


def test_newer_seq_that_was_made_earlier(hub: Any, a: Any) -> None:
    """TAXII takes ``modified`` for the version, so it must rise with ``seq``."""
    document = a.signature()
    hub.published(a, document)
    backdated = a.version(document, seq=2, modified=document["created"])
    assert "modified must be later" in hub.refusal(a, backdated)


def test_another_creation(hub: Any, a: Any) -> None:
    document = a.signature()
    hub.published(a, document)
    other = a.version(document, created=time(hours=-2))
    assert "created must stay" in hub.refusal(a, other)


def test_expired(hub: Any, a: Any) -> None:
    """A signature whose validity has ended; it must be refused."""
    late = a.signature(
        created=time(days=-9),
        modified=time(days=-9),
        valid_from=time(days=-9),
        valid_until=time(seconds=-2),
    )
    assert "validity ended" in hub.refusal(a, late)


def test_over_long_validity(hub: Any, a: Any) -> None:
    """Thirty days and a second; it must be refused."""
    start = datetime.now(UTC) - timedelta(hours=1)
    long = a.signature(
        valid_from=start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        valid_until=(start + timedelta(days=30, seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        retention_until=time(days=90),
    )
    assert "validity" in hub.refusal(a, long)


def test_made_in_the_future(hub: Any, a: Any) -> None:
    """A version from tomorrow would outdo every version of today, a revocation too."""
    assert "future" in hub.refusal(a, a.signature(modified=time(days=1)))


def test_revoked_then_re_posted(hub: Any, a: Any) -> None:
    """What was withdrawn comes back, as it was and as a new version; it must stay withdrawn."""
    document = a.signature()
    hub.published(a, document)
    gone = a.revocation(document)
    hub.published(a, gone)
    assert "seq must be greater" in hub.refusal(a, document)
    assert "revoked and stays so" in hub.refusal(
        a, a.version(document, seq=3, modified=time(), confidence=90)
    )
    [shown] = hub.objects(a, **{"match[id]": document["id"]})
    assert shown == gone
    hub.published(a, gone)


@pytest.mark.parametrize("way", ["no proof", "alg none", "no kid", "empty signature"])
def test_no_proof(hub: Any, a: Any, way: str) -> None:
    """The object comes without a proof or with one that proves nothing; it must be refused."""
    document = a.signature()
    extension = document["extensions"][SIGNATURE]
    if way == "no proof":
        del extension["proof"]
    elif way == "alg none":
        extension["proof"] |= {"alg": "none", "signature": ""}
    elif way == "no kid":
        del extension["proof"]["kid"]
    else:
        extension["proof"]["signature"] = ""
    assert hub.refusal(a, document)
    assert versions(hub, a, document) == []


def test_wrong_payload_type(hub: Any, a: Any) -> None:
    """A true signature by the author, over the same content as another type; it must be refused."""
    document = a.signature()
    extension = document["extensions"][SIGNATURE]
    bare = {name: value for name, value in extension.items() if name != "proof"}
    unproven = {**document, "extensions": {SIGNATURE: bare}}
    other = a.signer.sign("application/vnd.drs.declaration+json", unproven)
    extension["proof"] = other["proof"]
    assert "does not fit" in hub.refusal(a, document)


def test_tlp_relaxed_in_a_new_version(hub: Any, a: Any) -> None:
    """AMBER+STRICT becomes GREEN, and more people see it; it must be refused. RED may follow."""
    document = a.signature()
    hub.published(a, document)
    relaxed = a.version(document, object_marking_refs=[GREEN])
    assert "must not be relaxed" in hub.refusal(a, relaxed)
    hub.published(a, a.version(document, object_marking_refs=[RED]))


def test_sighting_laxer_than_the_signature(hub: Any, a: Any, b: Any) -> None:
    """What a sighting tells of a signature must not go further than the signature."""
    document = a.signature()
    hub.published(a, document)
    assert "must not be relaxed" in hub.refusal(
        b, b.sighting(document, object_marking_refs=[GREEN])
    )
    hub.published(b, b.sighting(document))


def test_sighting_of_what_the_group_does_not_hold(hub: Any, a: Any, c: Any) -> None:
    """A sighting must not carry into a group that another group holds a signature."""
    theirs = c.signature()
    hub.published(c, theirs)
    assert "holds no signature" in hub.refusal(a, a.sighting(theirs))
    assert "holds no signature" in hub.refusal(a, a.sighting(a.signature()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pattern": "true || win.accounts.matches('(a+)+$')"}, "rule"),
        ({"pattern": "fp.containment >= 0.6 && win.nothing > 1"}, "rule"),
        ({"name": ""}, "name"),
        ({"x_prompt": "What the user wrote"}, "schema"),
    ],
)
def test_poisoned(hub: Any, a: Any, change: dict[str, str], said: str) -> None:
    """A rule outside the profile, and more than the schema knows; both must be refused."""
    assert said in hub.refusal(a, a.signature(**change))


def test_a_range_for_everybody(hub: Any, a: Any) -> None:
    """Carrier-grade NAT as a range of the campaign; it must be refused."""
    network = {"cidr": "100.64.0.0/16", "egress": "hosting", "seen_until": time(days=-1)}
    document = a.signature(networks=[network], attack_class="network-range")
    assert hub.refusal(a, document)


def test_other_types_of_stix(hub: Any, a: Any) -> None:
    """Nothing is exchanged that carries no proof."""
    identity = {"type": "identity", "id": a.identity, "name": "A", "spec_version": "2.1"}
    assert "indicator or sighting" in hub.refusal(a, identity)


def test_one_bad_object_does_not_take_the_good_with_it(hub: Any, a: Any, b: Any) -> None:
    good, bad = a.signature(), b.signature()
    answer = hub.post(a, good, bad)
    assert answer.status_code == 202
    status = answer.json()
    assert [entry["id"] for entry in status["successes"]] == [good["id"]]
    assert [entry["id"] for entry in status["failures"]] == [bad["id"]]
    assert (status["total_count"], status["pending_count"]) == (2, 0)
    assert versions(hub, a, good) == [good["modified"]]
    assert versions(hub, a, bad) == []


def test_versions_in_one_request_follow_each_other(hub: Any, a: Any) -> None:
    first = a.signature()
    second = a.version(first, confidence=30)
    hub.published(a, first, second, second)
    assert versions(hub, a, first) == [first["modified"], second["modified"]]
