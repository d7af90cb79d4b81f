"""Policies of other shapes than the reference endpoint's own, tried from outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from endpoints import probe, reference

POLICY = """
id: policy-2
revision: 3
valid_from: "{begin}-01-01T00:00:00Z"
valid_until: "2099-01-01T00:00:00Z"
surfaces: [messages]
criteria: {criteria}
"""
MEMBERS = "evidence: [Extract], law: [], decided_within_s: 60, appeal: true"
CRITERIA = f"""
  - {{id: seats, kind: jurisdiction, of: end-user-organisation, places: [XA, XB-1, XB-2],
     effect: served, {MEMBERS}}}
  - {{id: most, kind: majority-ownership, owner: A foundation for schools, share_min: 0.123456,
     {MEMBERS}}}
  - {{id: all, kind: majority-ownership, owner: Owners in XA, share_min: 1, {MEMBERS}}}
  - {{id: teaching, kind: end-use, uses: [Teaching of arithmetic], {MEMBERS}}}
"""


@pytest.mark.parametrize(
    ("criteria", "begin", "says_why"),
    [(CRITERIA, 2000, "pass"), ("[]", 2000, "not-applicable"), (CRITERIA, 2098, "not-applicable")],
)
def test_whatever_is_declared_is_what_is_tried(
    tmp_path: Path, criteria: str, begin: int, says_why: str
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.format(criteria=criteria, begin=begin), "utf-8")
    options = ("--eligibility", str(path), "--dialect", "anthropic_messages")
    with reference(tmp_path / "target", *options) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", "ELG-03,ELG-05")
    assert run.code == 0, run.stdout
    assert {name: run.verdicts()[name] for name in ("ELG-03", "ELG-05")} == {
        "ELG-03": "pass",
        "ELG-05": says_why,
    }
