"""Fingerprints, rules and plain text as the suite reads them, without any endpoint."""

from __future__ import annotations

import json

import pytest
from drs_conformance.checks.drs_cel import OutsideProfile, require_within
from drs_conformance.checks.fingerprints import fingerprints
from drs_conformance.checks.plain_text import plain_text_in
from drs_conformance.specification.location import spec_folder

DECLARED = {"fp.containment": "double", "win.accounts": "int", "sel.matched": "bool"}
PROMPT = "You are a careful grader. Read the question, then the answer, and give a grade."


def test_fingerprints_are_those_of_the_worked_example() -> None:
    text = (spec_folder() / "20-annex-worked-examples.md").read_text("utf-8")
    section = text.split("## Fingerprints of a prompt", 1)[1]
    example = json.loads(section.split("```json", 1)[1].split("```", 1)[0])
    for one in (example["signature"], example["request"]):
        found = fingerprints(one["text"], bytes(range(32)), example["k"], example["w"])
        assert list(found) == one["fingerprints"]
    assert fingerprints("too few words", bytes(32), 5, 4) == ()


@pytest.mark.parametrize(
    "rule",
    [
        "fp.containment >= 0.6",
        "win.accounts >= 50 && fp.containment > 0.8",
        "win.accounts in [1, 2, 3] || !sel.matched",
        "win.accounts > 3 ? sel.matched : false",
        "win.accounts % 2 == 0 || -1 < win.accounts * (2 + 3)",
        "fp.containment > 1 // a remark",
        "!" * 14 + "sel.matched",
        " && ".join(["sel.matched"] * 120),
    ],
)
def test_rules_within_the_profile_are_taken(rule: str) -> None:
    require_within(rule, DECLARED)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ('size("ab") == 2', "function"),
        ("[1, 2].exists(n, n > 1)", "no part"),
        ('"ab".matches("a")', "no part"),
        ('"a" + "b" == "ab"', "does not go with"),
        ("2 in [1] + [2]", "does not go with"),
        ("win.accounts + 0.5 > 1.0", "does not go with"),
        ("win.requests > 1", "no variable"),
        ("fp.containment", "expected bool"),
        ("sel.matched == 1", "does not go with"),
        ("win.accounts && sel.matched", "truth values"),
        ("!" * 18 + "sel.matched", "deep"),
        (" && ".join(["sel.matched"] * 130), "nodes"),
        (f'"{"é" * 1100}" != "a"', "bytes"),
        ("(" * 1000 + "sel.matched" + ")" * 1000, "deep"),
        ("sel.matched &&", "the end"),
        ("sel.matched sel.matched", "not expected"),
        ("win.accounts in [1, 2", "expected ,"),
        ('win.accounts in [1, "a"]', "several types"),
        ("", "the end"),
    ],
)
def test_rules_outside_of_the_profile_are_not(rule: str, reason: str) -> None:
    with pytest.raises(OutsideProfile, match=reason):
        require_within(rule, DECLARED)


@pytest.mark.parametrize(
    "document",
    [
        {"name": "Prompts of one grading template", "created": "2026-11-10T07:54:57.000Z"},
        {"name": "A careful grader", "spec_version": "2.1", "pattern": "fp.containment >= 0.6"},
        {"extensions": {"x": {"networks": [{"cidr": "192.0.2.7/32"}], "digest": "sha256:c0c0"}}},
        {"pattern": "[ipv4-addr:value = '192.0.2.7']"},
    ],
)
def test_what_describes_no_person_is_no_plain_text(document: dict[str, object]) -> None:
    assert list(plain_text_in(document, PROMPT)) == []


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"description": "It begins: You are a CAREFUL grader, and so on"}, "quotes 5 words"),
        ({"labels": ["read-the-question-then-the-answer"]}, "/labels/0 quotes"),
        ({"name": "Of a.person+x@example.org"}, "e-mail"),
        ({"description": "From 192.0.2.77."}, "address of one host"),
        ({"description": "From 2001:db8::7 and others"}, "address of one host"),
        ({"description": "From 192.0.2.77/32 only"}, "address of one host"),
        ({"description": "Paid with 4242 4242 4242 4242"}, "card"),
    ],
)
def test_plain_text_is_found(document: dict[str, object], reason: str) -> None:
    assert any(reason in found for found in plain_text_in(document, PROMPT))
