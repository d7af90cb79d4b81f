"""The document of the members: what it says, and slips that must not pass."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from drs_reference.exchange.hub.membership import MembershipError, read_membership

COLLECTION = "3f2c4b16-0a5d-4c1e-9b7a-5d8e6f708192"


@pytest.fixture
def document(a: Any, b: Any) -> dict[str, Any]:
    return {
        "name": "hub.example",
        "title": "Exchange",
        "members": [a.entry(), b.entry()],
        "groups": [
            {
                "root": "group-1",
                "title": "Group",
                "members": [a.identity],
                "collections": [{"id": COLLECTION, "title": "Signatures"}],
            }
        ],
    }


def test_json_and_yaml_say_the_same(document: dict[str, Any], a: Any, b: Any) -> None:
    """Times in YAML without quotes too."""
    document["members"][0]["keys"][0]["valid_from"] = "2026-11-02T10:00:00Z"
    read = read_membership(json.dumps(document))
    text = yaml.safe_dump(document).replace("'2026-11-02T10:00:00Z'", "2026-11-02T10:00:00Z")
    assert read_membership(text) == read
    member = read.caller(a.token)
    assert member is not None
    assert member.id == a.identity
    assert read.caller("wrong") is None
    assert [group.root for group in read.groups_of(member)] == ["group-1"]
    assert read.group("group-1", read.members[b.identity]) is None
    assert read.group("group-9", member) is None


def test_a_key_has_a_beginning_and_ends(document: dict[str, Any], a: Any) -> None:
    key = document["members"][0]["keys"][0]
    key |= {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2026-03-01T00:00:00Z"}
    key["revoked_at"] = "2026-02-01T00:00:00Z"
    member = read_membership(json.dumps(document)).members[a.identity]

    def usable(month: int, day: int) -> bool:
        return bool(member.usable_keys(datetime(2026, month, day, tzinfo=UTC)))

    assert [usable(1, 1), usable(1, 31), usable(2, 1), usable(3, 1)] == [True, True, False, False]


SLIPS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "misspelt": (lambda d: d["members"][0]["keys"][0].update(revoked="x"), "revoked is not known"),
    "no members": (lambda d: d.update(members=[]), "which is no member"),
    "no groups": (lambda d: d.update(groups=[]), "groups"),
    "no name": (lambda d: d.pop("name"), "name"),
    "name with a space": (lambda d: d.update(name="a b"), "name"),
    "member": (lambda d: d["members"][0].update(id="identity--1"), "STIX identity"),
    "token": (lambda d: d["members"][0].update(token_sha256="x" * 64), "hexadecimal"),
    "same token": (lambda d: d["members"].append({**d["members"][0]}), "twice"),
    "algorithm": (lambda d: d["members"][0]["keys"][0].update(alg="none"), "Ed25519"),
    "key": (lambda d: d["members"][0]["keys"][0].update(public_key="AA"), "public_key"),
    "time": (lambda d: d["members"][0]["keys"][0].update(valid_from="2026-01-01"), "valid_from"),
    "no time": (lambda d: d["members"][0]["keys"][0].pop("valid_from"), "valid_from"),
    "same kid": (lambda d: d["members"][0]["keys"].append(d["members"][0]["keys"][0]), "twice"),
    "quota": (lambda d: d["members"][0].update(objects_per_day=-1), "objects_per_day"),
    "may write": (lambda d: d["members"][0].update(may_write="no"), "may_write"),
    "root": (lambda d: d["groups"][0].update(root="taxii2"), "root"),
    "root with a slash": (lambda d: d["groups"][0].update(root="a/b"), "root"),
    "same root": (lambda d: d["groups"].append({**d["groups"][0], "collections": []}), "twice"),
    "stranger": (lambda d: d["groups"][0]["members"].append("identity--x"), "no member"),
    "collection": (lambda d: d["groups"][0]["collections"][0].update(id="x"), "UUID"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told(document: dict[str, Any], slip: str) -> None:
    change, said = SLIPS[slip]
    changed = copy.deepcopy(document)
    change(changed)
    with pytest.raises(MembershipError, match=said):
        read_membership(json.dumps(changed))


@pytest.mark.parametrize("text", ["", "[]", "{", "a: [", "x", "\x00", "!!python/object:os.x {}"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(MembershipError):
        read_membership(text)
