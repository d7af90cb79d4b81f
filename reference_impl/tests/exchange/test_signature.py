"""Reading signatures: each rule of the chapter broken once, and any bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from drs_reference.exchange.objects import OBJECT_MAX
from drs_reference.exchange.proofs import SIGNATURE_TYPE, PublicKey, check_proof, proven
from drs_reference.exchange.signature import EXTENSION, Signature, SignatureError, read_signature
from drs_reference.signing import Signer
from drs_reference.standard import standard_root
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMAS = standard_root() / "schemas/0.1/examples"
Made = Callable[..., bytes]
Change = Callable[[dict[str, Any], dict[str, Any]], object]


@pytest.mark.parametrize("name", ["addresses", "revoked", "template"])
def test_the_examples_of_the_standard_are_read(name: str):
    document = json.loads((SCHEMAS / f"valid/signature/{name}.json").read_text("utf-8"))
    signature = read_signature(json.dumps(document).encode())
    assert signature.document == document
    assert signature.revoked == (name == "revoked")


@pytest.mark.parametrize("path", sorted((SCHEMAS / "invalid/signature").glob("*.json")))
def test_the_counterexamples_are_not(path: Any):
    instance = json.loads(path.read_text("utf-8"))["instance"]
    with pytest.raises(SignatureError) as refused:
        read_signature(json.dumps(instance).encode())
    assert refused.value.reason == "schema"


@pytest.mark.parametrize("path", sorted((SCHEMAS / "invalid/signature-extension").glob("*.json")))
def test_a_counterexample_of_the_extension_is_not_read_inside(path: Any, template: dict[str, Any]):
    template["extensions"][EXTENSION] = json.loads(path.read_text("utf-8"))["instance"]
    with pytest.raises(SignatureError) as refused:
        read_signature(json.dumps(template).encode())
    assert refused.value.reason == "schema"


def test_what_a_signature_says(changed: Made, signer: Signer):
    signature = read_signature(changed())
    assert signature.author == "identity--5b1c9f0a-7c1d-4e2b-8f3a-2a4b6c8d0e1f"
    assert (signature.seq, signature.tlp, signature.max_action) == (
        4,
        "TLP:AMBER+STRICT",
        "throttle",
    )
    assert signature.valid_until == datetime(2026, 12, 9, 8, tzinfo=UTC)
    assert signature.rule is not None
    assert signature.rule.variables == {"fp.containment", "win.accounts", "win.template_share"}
    assert signature.fingerprints[0].values == {0x00C4A1F2B37D9E10, 0x9F3E5A7710BBCE42}
    assert signature.kid == signer.kid
    keys = {signer.kid: PublicKey.of(signer.key_entry())}
    assert check_proof(signature.document, SIGNATURE_TYPE, keys)


def test_it_is_active_in_its_validity_only(changed: Made):
    signature = read_signature(changed())
    assert not signature.active(datetime(2026, 11, 10, 7, 59, 59, tzinfo=UTC))
    assert signature.active(datetime(2026, 11, 10, 8, tzinfo=UTC))
    assert not signature.active(datetime(2026, 12, 9, 8, tzinfo=UTC))
    revoked = read_signature(changed(name="signature/revoked"))
    assert not revoked.active(datetime(2026, 11, 11, tzinfo=UTC))


def change(member: str, value: object) -> Change:
    return lambda document, extension: document.update({member: value})


def extend(member: str, value: object) -> Change:
    return lambda document, extension: extension.update({member: value})


def evidence(member: str, value: object) -> Change:
    return lambda document, extension: extension["evidence"].update({member: value})


def rule(text: str, *features: tuple[str, str], **members: object) -> Change:
    def applied(document: dict[str, Any], extension: dict[str, Any]) -> None:
        document["pattern"] = text
        extension.pop("features", None)
        if features:
            extension["features"] = [{"name": name, "type": kind} for name, kind in features]
        extension.update(members)

    return applied


def selectors(*values: str) -> Change:
    entry = {
        "kind": "payment",
        "algorithm": "hmac-sha256",
        "key_id": "g",
        "epoch": 1,
        "epoch_s": 3600,
    }
    return extend("selectors", [{**entry, "values": list(values)}])


def ranges(*cidrs: str) -> Change:
    used = {"egress": "hosting", "seen_until": "2026-11-08T23:58:00Z"}
    return extend("networks", [{"cidr": cidr, **used} for cidr in cidrs])


ACCOUNTS = ("win.accounts", "int")
REFUSED: list[tuple[str, str, Change]] = [
    ("31 days", "validity", change("valid_until", "2026-12-10T08:00:00.000001Z")),
    ("ends before it begins", "validity", change("valid_until", "2026-11-10T08:00:00Z")),
    ("kept shorter than valid", "validity", extend("retention_until", "2026-12-09T07:59:59Z")),
    ("modified before created", "order", change("modified", "2026-11-09T07:59:59.999Z")),
    ("no such day", "schema", change("valid_from", "2026-11-31T08:00:00Z")),
    ("leap second", "schema", change("created", "2016-12-31T23:59:60Z")),
    ("year 0", "schema", change("created", "0000-01-01T00:00:00Z")),
    ("digits of another script", "schema", change("created", "\u0662026-11-09T08:00:00Z")),
    ("line end after a time", "schema", change("created", "2026-11-09T08:00:00Z\n")),
    (
        "line end after the id",
        "schema",
        change("id", "indicator--8a0f7e3e-2f5a-4b7e-9a0b-1d2c3e4f5a6b\n"),
    ),
    ("line end after a kid", "schema", extend("proof", {"kid": "a\n", "signature": "A" * 86})),
    ("control character in the name", "schema", change("name", "a\x1b[2Jb")),
    ("turned text", "schema", change("description", "safe \u202e txet")),
    (
        "no marking of TLP",
        "marking",
        change("object_marking_refs", ["marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"]),
    ),
    (
        "two markings of TLP",
        "marking",
        change(
            "object_marking_refs",
            [
                "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
                "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
            ],
        ),
    ),
    ("reason without revocation", "content", extend("revocation_reason", "error")),
    ("request with a window", "content", extend("scope", "request")),
    ("window of nothing", "content", extend("window_s", 0)),
    ("accounts beyond the evidence", "evidence", evidence("accounts", 211)),
    ("fewer requests than accounts", "evidence", evidence("requests", 430)),
    ("seen backwards", "evidence", evidence("last_seen", "2026-10-31T00:00:00Z")),
    ("rule that is true", "rule", rule("true")),
    ("rule that is always true", "rule", rule("true || win.accounts > 1", ACCOUNTS)),
    ("rule that is never true", "rule", rule("false && win.accounts > 1", ACCOUNTS)),
    ("rule with a function", "rule", rule("size('a') > 1")),
    ("rule with an unlisted feature", "rule", rule("fp.containment > 0.5 && win.accounts > 1")),
    ("unknown feature", "rule", rule("win.age > 1", ("win.age", "int"))),
    ("feature of another type", "rule", rule("win.accounts > 1", ("win.accounts", "double"))),
    (
        "feature listed twice",
        "rule",
        rule("win.accounts > 1", ACCOUNTS, ("win.accounts", "double")),
    ),
    ("empty list", "schema", extend("fingerprints", [])),
    ("containment of nothing", "rule", lambda _, extension: extension.pop("fingerprints")),
    ("selector that is not there", "rule", rule("sel.matched && fp.containment > 0.5")),
    (
        "window in a request",
        "rule",
        rule("fp.containment > 0.5 && win.accounts > 1", ACCOUNTS, scope="request", window_s=0),
    ),
    ("class without its content", "content", extend("attack_class", "network-range")),
    ("prompts not read", "content", rule("win.accounts > 1", ACCOUNTS)),
    (
        "logprobs not read",
        "content",
        rule("win.accounts > 1", ACCOUNTS, attack_class="logprob-harvesting"),
    ),
    ("pattern of addresses for prompts", "content", change("pattern_type", "stix")),
    ("private range", "networks", ranges("192.168.0.0/24")),
    ("carriers' range", "networks", ranges("100.64.3.0/24")),
    ("host bits", "networks", ranges("198.51.100.7/24")),
    ("range twice", "networks", ranges("198.51.100.0/24", "198.51.100.0/24")),
    ("whole internet", "schema", ranges("0.0.0.0/0")),
    ("short selector", "selectors", selectors("Zm9vYmFyYmF6cXV1eA")),
    ("selector of two spellings", "selectors", selectors("A" * 42 + "B")),
    ("e-mail in the name", "privacy", change("name", "Traffic of jo.doe@example.org")),
    ("address in the description", "privacy", change("description", "They leave by 203.0.113.9.")),
    ("address in a label", "privacy", change("labels", ["from-203.0.113.9", "203.0.113.9"])),
    (
        "quoted prompt",
        "privacy",
        change("description", 'It says "rank these two answers by rubric".'),
    ),
    ("number beyond 2^53", "canonical", change("confidence", 2**53)),
]


@pytest.mark.parametrize(
    ("reason", "made"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_breaks_a_rule_is_refused_for_it(template: dict[str, Any], reason: str, made: Change):
    made(template, template["extensions"][EXTENSION])
    with pytest.raises(SignatureError) as refused:
        read_signature(json.dumps(template, ensure_ascii=False).encode())
    assert refused.value.reason == reason, refused.value


def addresses(made: Change) -> Change:
    return made


@pytest.mark.parametrize(
    ("reason", "pattern"),
    [
        ("networks", "[ipv4-addr:value = '198.51.101.0/24']"),
        ("networks", "[ipv4-addr:value = '198.51.100.0/25']"),
        ("networks", "[ipv4-addr:value = '0.0.0.0/0']"),
        ("rule", "[ipv4-addr:value != '198.51.100.0/24']"),
        ("rule", "[domain-name:value = 'example.org']"),
    ],
)
def test_a_pattern_names_its_own_ranges_only(changed: Made, reason: str, pattern: str):
    with pytest.raises(SignatureError) as refused:
        read_signature(changed(change("pattern", pattern), name="signature/addresses"))
    assert refused.value.reason == reason


def test_a_proof_has_one_spelling(template: dict[str, Any], signer: Signer):
    signed = proven(template, SIGNATURE_TYPE, signer)
    proof = signed["extensions"][EXTENSION]["proof"]
    proof["signature"] = proof["signature"][:-1] + "_"
    with pytest.raises(SignatureError) as refused:
        read_signature(json.dumps(signed).encode())
    assert refused.value.reason == "proof"


def test_a_member_twice_and_a_body_beyond_the_bound_are_refused(changed: Made):
    twice = b'{"revoked": false, "revoked": true, ' + changed()[1:]
    with pytest.raises(SignatureError) as refused:
        read_signature(twice)
    assert refused.value.reason == "canonical"
    with pytest.raises(SignatureError) as refused:
        read_signature(b" " * (OBJECT_MAX + 1))
    assert refused.value.reason == "size"


def test_a_refusal_does_not_repeat_what_leaked(changed: Made):
    with pytest.raises(SignatureError) as refused:
        read_signature(changed(change("name", "Traffic of jo.doe@example.org")))
    assert "jo.doe" not in str(refused.value)
    assert "name" in refused.value.message


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes):
    with pytest.raises(SignatureError):
        read_signature(body)


TEMPLATE = json.loads((SCHEMAS / "valid/signature/template.json").read_text("utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_change_of_a_signature_is_read_or_refused(data: st.DataObject):
    document = json.loads(json.dumps(TEMPLATE))
    extension = document["extensions"][EXTENSION]
    places = [document, extension, extension["evidence"], extension["fingerprints"][0]]
    place = data.draw(st.sampled_from(places))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(VALUES)
    try:
        signature = read_signature(json.dumps(document).encode())
    except SignatureError as error:
        refused = error.message
    else:
        refused = "nothing"
        assert isinstance(signature, Signature)
    assert 0 < len(refused) <= 400


# --- Versions -----------------------------------------------------------------------------------


def later(seq: int = 5, modified: str = "2026-11-11T08:00:00.000Z", **members: object) -> Change:
    def applied(document: dict[str, Any], extension: dict[str, Any]) -> None:
        document.update(modified=modified, **members)
        extension["seq"] = seq

    return applied


def test_a_later_version_follows(changed: Made):
    old, new = read_signature(changed()), read_signature(changed(later()))
    new.check_follows(old)
    assert new.newer_than(old)
    assert not old.newer_than(new)
    assert not old.newer_than(old)


@pytest.mark.parametrize(
    "made",
    [
        later(seq=4),
        later(seq=3),
        later(modified="2026-11-10T08:00:00.000Z"),
        later(created="2026-11-09T08:00:01.000Z"),
        later(created_by_ref="identity--aa1c9f0a-7c1d-4e2b-8f3a-2a4b6c8d0e1f"),
        later(id="indicator--8a0f7e3e-2f5a-4b7e-9a0b-1d2c3e4f5a6c"),
    ],
)
def test_what_is_no_later_version_does_not_follow(changed: Made, made: Change):
    with pytest.raises(SignatureError) as refused:
        read_signature(changed(made)).check_follows(read_signature(changed()))
    assert refused.value.reason == "version"


def test_a_revoked_signature_stays_revoked(changed: Made):
    revoked = read_signature(changed(later(revoked=True)))
    revoked.check_follows(read_signature(changed()))
    again = read_signature(changed(later(seq=6, modified="2026-11-12T08:00:00.000Z")))
    with pytest.raises(SignatureError, match="stays so"):
        again.check_follows(revoked)
