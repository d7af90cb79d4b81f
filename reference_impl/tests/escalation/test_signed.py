"""A dossier counts once two persons signed it, and no longer when anything of it changed."""

from __future__ import annotations

import base64
import copy
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from drs_reference.cli import main
from drs_reference.escalation import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Case = dict[str, Any]


def test_what_two_persons_signed_verifies(signed: Any, conforms: Any) -> None:
    conforms("escalation-dossier", signed.read())
    code, out, err = signed.verify("--evidence", signed.folder / "out" / "evidence")
    assert (code, err) == (0, "")
    assert out == (
        f"{signed.dossier} verifies: dossier-4, signed by engineer-1 and counsel-1, kept until "
        "2100-01-01T00:00:00Z.\n"
    )
    code, out, _ = signed.verify("--records", signed.folder / "records")
    assert code == 0
    assert out.endswith("The files of its items were not looked at (--evidence).\n")


def test_the_signature_is_what_the_chapter_says(signed: Any) -> None:
    """PAE written out, JCS by sorted compact JSON."""
    dossier = signed.read()
    proof = dossier["legal_sign_off"].pop("proof")
    del dossier["technical_sign_off"]
    payload = json.dumps(dossier, sort_keys=True, separators=(",", ":")).encode()
    kind = "application/vnd.drs.escalation-dossier+json"
    message = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    key = load_pem_public_key((signed.folder / "legal.key.pub").read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    key.verify(base64.urlsafe_b64decode(proof["signature"] + "=="), message)


@pytest.mark.parametrize("role", ["technical", "legal"])
def test_one_signature_is_not_enough(role: str, desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    assert desk.sign(role)[0] == 0
    code, out, _ = desk.verify()
    assert code == 1
    other = "legal" if role == "technical" else "technical"
    assert f"{other}_sign_off: the person with {other} responsibility has not signed" in out


def test_one_key_does_not_sign_twice(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    assert desk.sign("technical")[0] == 0
    before = desk.dossier.read_bytes()
    code, out, _ = desk.sign("legal", "technical")
    assert code == 1
    assert "technical_sign_off: the same key signed here; expected two persons" in out
    code, out, _ = desk.sign("technical", "legal")
    assert (code, "it is signed already" in out) == (1, True)
    assert desk.dossier.read_bytes() == before
    shutil.copy(desk.folder / "technical.key.pub", desk.folder / "legal.key.pub")
    code, out, _ = desk.verify()
    assert (code, "got one key twice" in out) == (1, True)


def test_one_person_does_not_sign_twice(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    document = desk.read()
    document["legal_sign_off"]["person"] = "engineer-1"
    desk.write(document)
    code, out, _ = desk.sign("legal")
    assert (code, "expected two persons; got one" in out) == (1, True)


def test_a_dossier_that_lacks_a_criterion_is_not_signed(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    document = desk.read()
    del document["criteria"][2]
    desk.write(document)
    code, out, _ = desk.sign("legal")
    assert (code, "criterion deception: nothing is said of it" in out) == (1, True)
    assert desk.read() == document


def test_the_keys_are_those_that_were_given(signed: Any) -> None:
    keys = [signed.folder / name for name in ("technical.key.pub", "legal.key.pub")]
    code, out, _ = signed.say(
        "verify", signed.dossier, "--technical-key", keys[1], "--legal-key", keys[0]
    )
    assert code == 1
    assert "technical_sign_off.proof.kid: expected ed25519-" in out
    assert "legal_sign_off.proof.kid: expected ed25519-" in out


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in a document, the document itself aside."""
    inner: Any = value.items() if isinstance(value, dict) else ()
    for name, part in enumerate(value) if isinstance(value, list) else inner:
        yield (*path, name)
        yield from places(part, (*path, name))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_single_change_verifies(signed: Any, data: st.DataObject) -> None:
    original = signed.dossier.read_bytes()
    document = json.loads(original)
    path = data.draw(st.sampled_from(list(places(document))), "where")
    changed = copy.deepcopy(document)
    holder: Any = changed
    for part in path[:-1]:
        holder = holder[part]
    before = holder[path[-1]]
    how = data.draw(st.sampled_from(["other", "absent", "added"]), "how")
    if how == "absent":
        del holder[path[-1]]
    elif how == "added" and isinstance(holder, dict):
        holder["more"] = before
    elif isinstance(before, str):
        text = st.text(max_size=100) | st.sampled_from([before + "x", before[:-1], before.upper()])
        holder[path[-1]] = data.draw(text.filter(lambda value: value != before), "value")
    else:
        values = st.sampled_from([None, True, False, [], {}]) | st.integers(-(2**70), 2**70)
        holder[path[-1]] = data.draw(values.filter(lambda value: value != before), "value")
    try:
        signed.write(changed)
        assert signed.verify()[0] in (1, 2)
    finally:
        signed.dossier.write_bytes(original)
    assert signed.verify()[0] == 0


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("campaign",), "campaign-13", "legal_sign_off.proof: the signature does not fit"),
        (("items", 0, "custody", 0, "person"), "nobody", "items[0].custody[1].previous: expected"),
        (("items", 0, "digest"), "sha256:" + "0" * 64, "items[0].custody[0].digest: expected"),
        (("legal_sign_off", "statement"), "No.", "legal_sign_off.proof: the signature does not"),
        (("criteria", 0, "met"), False, "criterion extraction-established: expected met: true"),
        (("recipient", "kind"), "press", "recipient.kind must be one of"),
    ],
)
def test_it_is_said_where(path: tuple[Any, ...], value: Any, said: str, signed: Any) -> None:
    document = holder = signed.read()
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    signed.write(document)
    code, out, _ = signed.verify()
    assert code == 1
    assert out.splitlines()[0] == f"{signed.dossier} does not verify:"
    assert said in out


def test_the_other_sign_off_stays_good_where_one_was_changed(signed: Any) -> None:
    document = signed.read()
    document["legal_sign_off"]["statement"] = "No."
    signed.write(document)
    assert "technical_sign_off" not in signed.verify()[1]


def test_an_answer_is_one_line(desk: Any, case: Case) -> None:
    case["legal_sign_off"]["person"] = "counsel\x1b[2J\nverifies"
    assert desk.draft(case)[0] == 0
    assert (desk.sign("technical")[0], desk.sign("legal")[0]) == (0, 0)
    code, out, _ = desk.verify()
    assert code == 0
    assert "counsel[U+001B][2J[U+000A]verifies" in out
    assert out.count("\n") == 1


def test_changed_missing_and_spare_evidence(signed: Any) -> None:
    evidence = signed.folder / "out" / "evidence"
    item = evidence / "item-1.jsonl"
    before = item.read_bytes()
    item.write_bytes(before.replace(b"a-1", b"a-9"))
    code, out, _ = signed.verify("--evidence", evidence)
    assert code == 1
    assert f"item item-1: no file in {evidence} has its digest sha256:" in out
    assert f"{item}: no item has the digest of this file" in out
    item.unlink()
    code, out, _ = signed.verify("--evidence", evidence)
    assert (code, "item item-1: no file in" in out, "item-2" in out) == (1, True, False)
    item.write_bytes(before)
    (evidence / "more.txt").write_text("What no criterion asks for.")
    code, out, _ = signed.verify("--evidence", evidence)
    assert (code, f"{evidence / 'more.txt'}: no item has" in out) == (1, True)


def test_a_changed_record(signed: Any) -> None:
    records = signed.folder / "records"
    with (records / "accounts.jsonl").open("a") as file:
        file.write("{}\n")
    code, out, _ = signed.verify("--records", records)
    assert (code, f"item item-1: no file in {records} is its record, sha256:" in out) == (1, True)


def test_an_item_that_does_not_come_from_its_record(desk: Any, case: Case) -> None:
    """Both persons sign what somebody put together by hand; who has the record sees it."""
    assert desk.draft(case)[0] == 0
    document = desk.read()
    document["items"][0]["fields"][1]["field"] = "name"
    desk.write(document)
    assert (desk.sign("technical")[0], desk.sign("legal")[0]) == (0, 0)
    assert desk.verify("--evidence", desk.folder / "out" / "evidence")[0] == 0
    code, out, _ = desk.verify("--records", desk.folder / "records")
    assert (code, "what its fields give in" in out) == (1, True)
    assert "has another digest" in out


def test_the_retention_date(signed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    keys = {role: signed.folder / f"{role}.key.pub" for role in ("technical", "legal")}
    last = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert command.verify(signed.dossier, keys, None, None, last) == 0
    over = datetime(2100, 1, 1, tzinfo=UTC)
    assert command.verify(signed.dossier, keys, None, None, over) == 1
    out = capsys.readouterr().out
    assert "retention_until: 2100-01-01T00:00:00Z has passed; destroy every copy" in out


def test_what_cannot_be_read(signed: Any) -> None:
    missing = signed.folder / "missing"
    assert signed.verify("--evidence", missing)[0] == 2
    assert signed.verify("--records", missing)[0] == 2
    for text in ("", "[]", "{", '{"a": 1, "a": 1}', '{"a": 1e999}'):
        signed.dossier.write_text(text)
        code, out, err = signed.verify()
        assert (code, out) == (2, "")
        assert f"{signed.dossier}: " in err
        assert signed.sign("legal")[0] == 2


@pytest.mark.parametrize("text", ["", "no key", "public", "password"])
def test_what_is_no_key(text: str, signed: Any) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
    )

    path = signed.folder / "legal.key"
    if text == "public":
        shutil.copy(signed.folder / "legal.key.pub", path)
    elif text == "password":
        secret = BestAvailableEncryption(b"secret")
        key = generate_private_key(SECP256R1())
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
    else:
        path.write_text(text)
    code, _, err = signed.sign("legal")
    assert (code, f"{path}: expected a private Ed25519 key in PEM" in err) == (2, True)
    (signed.folder / "legal.key.pub").write_text("no key")
    code, _, err = signed.verify()
    assert (code, "expected a public Ed25519 key in PEM" in err) == (2, True)


def test_nothing_half_written_is_left(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    folder = desk.dossier.parent
    before = sorted(path.name for path in folder.iterdir())
    assert desk.sign("legal")[0] == 0
    assert sorted(path.name for path in folder.iterdir()) == before
    assert desk.dossier.stat().st_mode & 0o777 == 0o600
    if os.geteuid():
        signed = desk.dossier.read_bytes()
        folder.chmod(0o500)
        assert desk.sign("technical")[0] == 2
        folder.chmod(0o700)
        assert desk.dossier.read_bytes() == signed


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["draft", "case.yaml"],
        ["sign", "dossier.json", "--role", "both", "--key", "k"],
        ["verify", "dossier.json"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["escalate", *arguments])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err
