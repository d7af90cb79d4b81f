"""The policy of a running endpoint: declared, applied, recorded, appealed."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SEAT = {"seats": [{"of": "customer", "place": "XA"}]}
POLICY = """
id: only-chat
revision: 1
valid_from: "2000-01-01T00:00:00Z"
valid_until: "2099-01-01T00:00:00Z"
surfaces: [chat]
criteria:
  - id: seat-9
    kind: jurisdiction
    of: customer
    places: [XA]
    effect: served
    evidence: [Extract]
    law: []
    decided_within_s: 60
    appeal: true
"""


def state(endpoint: Any, persona: str, facts: dict[str, Any]) -> None:
    assert endpoint.test_mode(persona, "eligibility", facts).status_code == 200


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_policy_is_declared_open_and_signed(endpoint: Any, conforms: Any) -> None:
    declaration = endpoint.call(None, "GET", "/.well-known/distillation-resistance").json()
    place = declaration["documents"]["eligibility_policy"]
    assert place.startswith(endpoint.url)
    answer = endpoint.call(None, "GET", place)
    assert "max-age" in answer.headers["cache-control"]
    policy = answer.json()
    conforms("eligibility-policy", policy)
    assert policy["issuer"] == endpoint.url
    proof = policy.pop("proof")
    (key,) = (k["public_key"] for k in declaration["keys"] if k["kid"] == proof["kid"])
    kind, payload = b"application/vnd.drs.eligibility-policy+json", rfc8785.dumps(policy)
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    Ed25519PublicKey.from_public_bytes(octets(key)).verify(octets(proof["signature"]), signed)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/v1/chat/completions", {"code": "not_eligible"}),
        ("/v1/responses", {"code": "not_eligible"}),
        ("/v1/messages", {"type": "permission_error"}),
        ("/v1beta/models/drs-reference-1:generateContent", {"status": "PERMISSION_DENIED"}),
    ],
)
def test_every_dialect_says_which_criterion(
    endpoint: Any, fresh: str, conforms: Any, path: str, error: dict[str, str]
) -> None:
    state(endpoint, fresh, SEAT)
    answer = endpoint.call(fresh, "POST", path, json={"anything": "at all"})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    conforms("problem", problem)
    assert problem["type"].endswith("#not-eligible")
    assert (problem["criterion"], problem["appeal"]) == ("seat-1", "/drs/v1/appeals")
    assert error.items() <= problem["error"].items()


def test_facts_replace_each_other_and_end_with_a_reset(endpoint: Any, fresh: str) -> None:
    assert endpoint.chat(fresh).status_code == 200
    state(endpoint, fresh, SEAT)
    assert endpoint.chat(fresh).status_code == 403
    state(endpoint, fresh, {"uses": ["Teaching"]})
    assert endpoint.chat(fresh).status_code == 200
    state(endpoint, fresh, SEAT)
    endpoint.reset(fresh)
    assert endpoint.chat(fresh).status_code == 200


def test_the_ladder_does_not_move_and_the_account_view_stays_open(
    endpoint: Any, fresh: str
) -> None:
    state(endpoint, fresh, SEAT)
    shown = endpoint.standing(fresh)
    assert (shown["standing"], shown["case"]) == ("standing", None)
    assert endpoint.call(fresh, "GET", "/v1/models").status_code == 200


def test_a_suspension_is_told_first(endpoint: Any, fresh: str) -> None:
    state(endpoint, fresh, SEAT)
    for approvals in ((), (), (), ("ann",)):
        endpoint.flag(fresh, *approvals)
    assert endpoint.chat(fresh).json()["type"].endswith("#account-suspended")


def test_a_held_persona_and_wrong_facts_are_refused(endpoint: Any, conforms: Any) -> None:
    held = endpoint.test_mode("suspended", "eligibility", SEAT)
    assert held.status_code == 409
    wrong = endpoint.test_mode("fresh-2", "eligibility", {"seats": [{"of": "person"}]})
    assert wrong.status_code == 400
    conforms("problem", wrong.json())


def test_who_is_excluded_can_appeal_against_the_criterion(
    endpoint: Any, fresh: str, conforms: Any
) -> None:
    appeal = {"criterion": "seat-1", "statement": "We moved."}
    lodge = ("POST", "/drs/v1/appeals")
    assert endpoint.call(fresh, *lodge, json=appeal).status_code == 404
    state(endpoint, fresh, SEAT)
    assert endpoint.call(fresh, *lodge, json={**appeal, "criterion": "use-1"}).status_code == 404
    accepted = endpoint.call(fresh, *lodge, json=appeal)
    assert accepted.status_code == 202
    conforms("appeal", accepted.json())
    assert accepted.json()["criterion"] == "seat-1"
    again = endpoint.call(fresh, "GET", accepted.headers["location"])
    assert again.json() == accepted.json()
    assert endpoint.call("control", "GET", accepted.headers["location"]).status_code == 404


def test_decisions_outlive_a_restart_and_stand_in_the_trail(
    start: Any, tmp_path: Path, conforms: Any
) -> None:
    first = start(tmp_path / "target")
    state(first, "fresh-1", SEAT)
    state(first, "fresh-2", {"names": ["Elm Street Bakery"]})
    keys = ("--credentials", str(tmp_path / "target" / "credentials.env"))
    first.stop()
    second = start(tmp_path / "target", *keys)
    assert second.chat("fresh-1").json()["criterion"] == "seat-1"
    assert second.chat("fresh-2").status_code == 200
    second.stop()
    storage = f"sqlite:///{tmp_path}/target/storage.sqlite"
    command = (sys.executable, "-m", "drs_reference", "audit", "export", "--storage", storage)
    trail = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    records = [json.loads(line) for line in trail.splitlines()]
    for record in records:
        conforms("audit-record", record)
    decided = [r["entry"] for r in records if r["entry"]["kind"] == "eligibility"]
    assert [(entry["criterion"], entry["on"]) for entry in decided] == [
        ("seat-1", "facts"),
        (None, "facts"),
    ]


def test_a_policy_of_ones_own_holds_where_it_says(start: Any, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, "utf-8")
    endpoint = start(tmp_path / "target", "--eligibility", str(path))
    state(endpoint, "fresh-1", SEAT)
    assert endpoint.chat("fresh-1").status_code == 200
    state(endpoint, "fresh-1", {"seats": [{"of": "customer", "place": "XB"}]})
    assert endpoint.chat("fresh-1").json()["criterion"] == "seat-9"
    message = {"model": "drs-reference-1", "max_tokens": 1}
    message["messages"] = [{"role": "user", "content": "Hello"}]
    assert endpoint.call("fresh-1", "POST", "/v1/messages", json=message).status_code == 200
    endpoint.stop()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2099", "2001", "valid_until has passed"),
        ("[chat]", "[fax]", "surfaces must be of chat"),
        ("kind: jurisdiction", "kind: nationality", "/criteria/0 must have a kind of"),
    ],
)
def test_an_endpoint_does_not_start_with_a_policy_that_cannot_hold(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.replace(old, new), "utf-8")
    command = (sys.executable, "-m", "drs_reference", "serve", "--eligibility", str(path))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr.splitlines()[-1]
