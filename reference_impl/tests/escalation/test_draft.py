"""A draft is made where everything holds, and refused where one thing lacks."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drs_reference.escalation.criteria import registered_criteria
from drs_reference.escalation.dossier import faults
from drs_reference.escalation.sign_offs import as_if_signed

ROOT = Path(__file__).parents[3]
CRITERIA = [criterion["id"] for criterion in registered_criteria()]
Case = dict[str, Any]


def test_what_a_draft_holds(desk: Any, case: Case, conforms: Any) -> None:
    code, out, said = desk.draft(case)
    assert (code, said) == (0, "")
    assert out.startswith(f"{desk.folder / 'out'} holds a draft of dossier-4 with 2 items.")
    dossier = desk.read()
    conforms("escalation-dossier", as_if_signed(dossier))
    evidence = desk.folder / "out" / "evidence"
    taken = (evidence / "item-1.jsonl").read_bytes()
    assert [json.loads(line) for line in taken.splitlines()] == [
        {"account": f"a-{n}", "payment": f"p-{n % 3}"} for n in range(5)
    ]
    assert b"Person" not in taken
    whole = (desk.folder / "records" / "corpus.json").read_bytes()
    assert (evidence / "item-2.json").read_bytes() == whole
    first, second = dossier["items"]
    assert first["digest"] == "sha256:" + hashlib.sha256(taken).hexdigest()
    assert second["digest"] == second["source"] == "sha256:" + hashlib.sha256(whole).hexdigest()
    steps = first["custody"]
    assert steps[0]["previous"] == first["source"]
    written = json.dumps(steps[0], sort_keys=True, separators=(",", ":")).encode()
    assert steps[1]["previous"] == "sha256:" + hashlib.sha256(written).hexdigest()
    assert desk.dossier.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", CRITERIA)
def test_each_criterion_that_is_not_stated_is_named(name: str, desk: Any, case: Case) -> None:
    case["criteria"] = [entry for entry in case["criteria"] if entry["criterion"] != name]
    code, out, _ = desk.draft(case)
    assert code == 1
    assert out.splitlines()[0].startswith("No draft is made of ")
    assert f"\n  criterion {name}: nothing is said of it" in out
    assert out.count("criterion ") == 1
    assert not (desk.folder / "out").exists()


def test_all_that_lacks_is_named_at_once(desk: Any, case: Case) -> None:
    case["criteria"] = []
    code, out, _ = desk.draft(case)
    assert code == 1
    assert all(f"criterion {name}:" in out for name in CRITERIA)


def test_a_criterion_that_is_new_in_the_registry_is_asked_for(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    new = {"id": "new", "title": "Something more", "status": "active"}
    (fault,) = faults(desk.read(), [*registered_criteria(), new])
    assert fault == "criterion new: nothing is said of it (it asks: Something more)"


def change(place: str, value: Any) -> Callable[[Case], None]:
    """Set what stands at a place, such as ``items.0.kind``; ``None`` takes it away."""
    *path, last = [int(part) if part.isdigit() else part for part in place.split(".")]

    def changed(case: Any) -> None:
        for part in path:
            case = case[part]
        if value is None:
            del case[last]
        else:
            case[last] = value

    return changed


STEP = {"at": "2026-11-03T09:00:00Z", "person": "analyst-3", "step": "destroyed"}
OTHER = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("criteria.0.met", False, "criterion extraction-established: expected met: true"),
        ("criteria.0.met", None, "criterion extraction-established: expected met: true"),
        ("criteria.0.met", "yes", "criteria[0].met must be true or false"),
        ("criteria.0.evidence", [], "extraction-established: no item is named as evidence"),
        ("criteria.0.evidence", ["item-9"], "its evidence 'item-9' is no item"),
        ("criteria.0.reason", "", "extraction-established: no reason is given"),
        ("criteria.1.figures", None, "criterion scale: expected figures.days of at most 90"),
        ("criteria.1.figures.days", 91, "expected figures.days of at most 90; got 91"),
        ("criteria.1.figures.accounts", 99, "accounts >= 100 or exchanges >= 100000; got"),
        ("members.1", None, "but fewer than two are named"),
        ("members.1.member", "member-a", "member-a is named twice"),
        ("members.0.independent_of", ["member-c"], "not said to be independent of member-b"),
        ("items.1.member", "member-a", "member-b gathered no item"),
        ("items.1.kind", "signature", "member-b gathered no item, signatures and sightings aside"),
        ("items.1.record", "records/accounts.jsonl", "took items from the same record"),
        ("members.1.signatures", None, "members.1 must have the members"),
        ("exculpatory", None, "exculpatory: expected every known circumstance"),
        ("personal_data.0.criterion", None, "personal_data.0 must have the members"),
        ("personal_data.0.criterion", "suspicion", "personal_data.0.criterion must be one of"),
        ("items.0.fields.0.criterion", "deception", "account is not taken in"),
        ("items.0.fields.0.field", "acount", "expected the field acount; no line has it"),
        (
            "items.0.fields.0.field",
            "notes",
            "expected a single value in notes; got an object",
        ),
        ("items.1.fields", [{"field": "a", "criterion": "scale"}], "fields are taken from JSON li"),
        ("items.0.custody", [], "items.0.custody must fulfil minItems"),
        ("items.0.custody.0.person", None, "items.0.custody.0 must have the members"),
        ("items.0.custody.0.at", "2026-11-02T09:00:01Z", "custody[1].at: expected a time between"),
        ("items.0.custody.1.at", "2100-01-01T00:00:00Z", "custody[1].at: expected a time between"),
        ("items.0.custody.1.at", "2026-02-30T00:00:00Z", "items[0].custody[1].at must be a time"),
        ("items.0.custody.1", STEP, "custody[1].step: what was destroyed is no evidence"),
        ("items.0.custody.0.digest", OTHER, "custody[0].digest: expected sha256:"),
        ("items.0.custody.1.previous", OTHER, "custody[1].previous: expected sha256:"),
        ("items.1.id", "item-1", "items[1].id: item-1 stands twice"),
        ("items.0.source", OTHER, "items[0].source is not known"),
        ("suspicions", ["He looked odd."], "a member that the schema does not know"),
        ("items.0.record", "a\0b", "embedded null byte"),
        ("legal_basis", [], "legal_basis must fulfil minItems"),
        ("legal_sign_off", None, "must have the members"),
        ("legal_sign_off.person", " ENGINEER-1", "expected two persons; got one"),
        ("legal_sign_off.proof", {}, "legal_sign_off.proof is not known"),
        ("retention_until", "2026-11-01T00:00:00Z", "retention_until: expected a time after"),
        ("retention_until", None, "must have the members"),
        ("exculpatory.0", "Ask a.b@example.com.", "exculpatory[0] holds an e-mail address"),
        ("criteria.0.reason", "All from 192.0.2.7.", "criteria[0].reason holds a network address"),
    ],
)
def test_one_thing_that_lacks_or_is_wrong(
    place: str, value: Any, said: str, desk: Any, case: Case
) -> None:
    if place == "items.1.id":
        for entry in case["criteria"]:
            entry["evidence"] = ["item-1"]
    change(place, value)(case)
    code, out, _ = desk.draft(case)
    assert (code, said in out) == (1, True), out
    assert sorted(path.name for path in desk.folder.iterdir() if "out" in path.name) == []


def test_members_that_read_the_same_signature_are_one_source(desk: Any, case: Case) -> None:
    for member in case["members"]:
        member["signatures"] = ["indicator--1"]
    code, out, _ = desk.draft(case)
    assert code == 1
    assert "member-a and member-b wrote or read the same signature, indicator--1" in out
    case["members"][1]["signatures"] = ["indicator--2"]
    assert desk.draft(case)[0] == 0


def test_what_a_member_was_given_is_not_its_own(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    given = (desk.dossier.parent / "evidence" / "item-1.jsonl").read_bytes()
    (desk.folder / "records" / "corpus.json").write_bytes(given)
    desk.dossier.parent.rename(desk.folder / "before")
    code, out, _ = desk.draft(case)
    assert (code, "member-a and member-b took items from the same record" in out) == (1, True)


def test_an_item_that_no_criterion_names_is_not_taken_in(desk: Any, case: Case) -> None:
    case["items"].append({**copy.deepcopy(case["items"][1]), "id": "item-3"})
    code, out, _ = desk.draft(case)
    assert code == 1
    assert "items[2]: no criterion names item-3 as evidence, so it is not taken in" in out


def test_custody_may_begin_with_the_record_as_it_was_noted(desk: Any, case: Case) -> None:
    record = (desk.folder / "records" / "accounts.jsonl").read_bytes()
    step = case["items"][0]["custody"][0]
    step["digest"] = "sha256:" + hashlib.sha256(record).hexdigest()
    assert desk.draft(case)[0] == 0
    case["items"][0]["custody"][1]["digest"] = step["digest"]
    desk.dossier.parent.rename(desk.folder / "before")
    code, out, _ = desk.draft(case)
    assert code == 1
    assert "items[0].custody: expected the digest of the item after the last step" in out


def test_nothing_known_that_speaks_against_it_is_said(desk: Any, case: Case) -> None:
    case["exculpatory"] = []
    assert desk.draft(case)[0] == 0
    assert desk.read()["exculpatory"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "neither YAML nor JSON"),
        ("- 1", "must be a mapping, not an array"),
        ("a: !!set {b}", "does not hold what JSON can say"),
        ("a: .nan", "has no NaN"),
        (b"\xff", "does not hold what JSON can say"),
        ("items: [{record: nowhere}]", "nowhere"),
    ],
)
def test_what_cannot_be_read(text: str | bytes, said: str, desk: Any) -> None:
    path = desk.folder / "case.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    code, out, err = desk.say("draft", path, "--out", desk.folder / "out")
    assert (code, out) == (2, "")
    assert said in err
    assert not (desk.folder / "out").exists()


def test_what_is_there_is_not_overwritten(desk: Any, case: Case) -> None:
    assert desk.draft(case)[0] == 0
    before = desk.dossier.read_bytes()
    code, _, err = desk.draft(case)
    assert code == 2
    assert "is there already" in err
    assert desk.dossier.read_bytes() == before


def test_the_case_of_the_guide(desk: Any) -> None:
    guide = (ROOT / "docs" / "guides" / "escalation.md").read_text("utf-8")
    text = guide.partition("```yaml\n")[2].partition("```")[0]
    row = {"account": "a-1", "payment_reference": "p-1", "name": "A customer"}
    (desk.folder / "accounts.jsonl").write_text(json.dumps(row) + "\n")
    (desk.folder / "recognised.json").write_text("{}")
    (desk.folder / "case.yaml").write_text(text, "utf-8")
    code, out, _ = desk.say("draft", desk.folder / "case.yaml", "--out", desk.folder / "out")
    assert code == 0, out
